import LotteryProtocol
import ProcessSupport

/// Tries until it works, or until that is hopeless.
struct Persistence {
  private let limit: Duration
  private let limitText: String
  private let log: Log
  private var backoff: Backoff
  /// When it went wrong for the first time since something went well.
  private var failingSince: ContinuousClock.Instant?

  /// Persistence that ends after `limit` without progress.
  init(_ policy: RetryPolicy, log: Log) {
    limit = policy.limit
    limitText = policy.limit.goText
    self.log = log
    backoff = Backoff(first: policy.pause, longest: policy.maxPause)
  }

  /// Notes that something went well: the limit and the pauses begin anew.
  mutating func noteProgress() {
    failingSince = nil
    backoff.reset()
  }

  /// Waits before the next attempt, because of `error`.
  ///
  /// - Throws: `error` where trying again cannot mend it, ``AgencyError/gaveUp(after:_:)`` where it
  ///   has not for too long, ``AgencyError/cancelled``.
  mutating func pause(after error: AgencyError) async throws(AgencyError) {
    guard error.isTransient else { throw error }
    var generator = SystemRandomNumberGenerator()
    let pause = backoff.pause(using: &generator)
    let start = failingSince ?? .now
    failingSince = start
    guard start.duration(to: .now) + pause <= limit else {
      throw .gaveUp(after: limitText, error)
    }
    log.warning(LogLine("retry", .inProgress, ["pause": pause.goText, "error": error.description]))
    do {
      try await Task.sleep(for: pause)
    } catch {
      throw .cancelled
    }
  }
}
