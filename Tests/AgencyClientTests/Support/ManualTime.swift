import LotteryProtocol
import ProcessSupport
import Testing

@testable import AgencyClient

/// The time of one agency under test, which passes only as the test says.
final class ManualTime: Sendable {
  private let clock: TestClock
  private let retry = Promise<Retry>()

  /// - Parameter advancingWithDelays: whether time passes while the agency sleeps before a retry.
  init(advancingWithDelays: Bool = false) {
    // Two tasks sleep then: the work, and the check of its limit.
    clock = TestClock(advancingAt: advancingWithDelays ? 2 : .max)
  }

  /// Makes the agency.
  func agency(_ configuration: ClientConfiguration, worker: Worker, log: Log) -> Agency {
    let agency = Agency(configuration, worker: worker, log: log, clock: clock)
    retry.fulfill(agency.retry)
    return agency
  }

  /// Lets `duration` pass once the agency waits for `event`; nil means that it waits for nothing that
  /// has a limit.
  func pass(_ duration: Duration, waitingFor event: String?) async throws {
    let retry = try #require(await retry.wait())
    // Polls: a wait is too frequent an event to tell anybody of it.
    while retry.awaited != event { try await Task.sleep(for: .milliseconds(1)) }
    clock.advance(by: duration)
  }
}
