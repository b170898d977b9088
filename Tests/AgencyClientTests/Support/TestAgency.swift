import LotteryProtocol
import ProcessSupport
import TestSupport

@testable import AgencyClient

/// Agency 1, with a file of its own.
struct TestAgency: Sendable {
  /// What it does.
  enum Work: Sendable {
    /// Sends all bets of its file and asks for the winners.
    case lottery
    /// Sends the first of its bets.
    case bet
    case echo(lines: Int)
    /// Says HELLO, and then sends more than the kernel takes from a sender without a reader.
    case flood
  }

  let work: Work
  /// The bets in its file.
  let bets: [Bet]
  let lines: LogFile
  private let directory = TemporaryDirectory()
  private let maxAmount: Int
  private let window: Int
  private let retry: RetryPolicy
  private let clock: TestClock?

  /// An agency that sends `maxAmount` bets in a batch, and `window` batches before their answers.
  ///
  /// - Parameter clock: measures the time without progress; the real time if nil.
  init(
    _ work: Work = .lottery, _ bets: [Bet] = [], maxAmount: Int = 2, window: Int = 4,
    retry: RetryPolicy = .soon, clock: TestClock? = nil
  ) throws {
    (self.work, self.bets, self.maxAmount, self.window) = (work, bets, maxAmount, window)
    (self.retry, self.clock) = (retry, clock)
    lines = try LogFile(.go, level: .debug)
    try directory.write(agencyFile(bets).utf8, to: "agency.csv")
  }

  /// Its file.
  var path: String { directory.file("agency.csv") }

  /// The batch that holds the bets at `indices`.
  func batch(_ indices: Range<Int>) -> [UInt8] {
    Frames.batch(Array(bets[indices]), at: UInt64(indices.lowerBound))
  }

  /// Runs it against whatever listens at `endpoint`, on `worker`.
  @Sendable func run(at endpoint: Endpoint, on worker: Worker) async throws(AgencyError) {
    var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: Path(path))
    configuration.batchMaxAmount = maxAmount
    configuration.batchWindow = window
    configuration.retry = retry
    configuration.loopPeriod = .zero
    if case .echo(let lines) = work { configuration.loopAmount = lines }
    let attempts =
      clock.map { Attempts(retry, log: lines.log, clock: $0) } ?? Attempts(retry, log: lines.log)
    let agency = Agency(
      configuration: configuration, worker: worker, attempts: attempts, log: lines.log)
    switch work {
    case .lottery: try await agency.playLottery()
    case .bet: try await agency.place(bets[0])
    case .echo: try await agency.echo()
    case .flood: try await sendFlood(by: agency)
    }
  }

  private func sendFlood(by agency: Agency) async throws(AgencyError) {
    var conversation = LotteryConversation(agency: 1, key: "", window: 1)
    try await agency.withConnection(agency.connect()) { server throws(AgencyError) in
      try await server.send(conversation.hello(), &conversation)
      _ = try await server.receive(&conversation)
      let flood = [UInt8](repeating: 0, count: 64 * 1024 * 1024)
      try await server.send(flood, &conversation)
    }
  }
}

extension RetryPolicy {
  /// Retries after a few milliseconds.
  static var soon: RetryPolicy {
    RetryPolicy(limit: .seconds(20), pause: .milliseconds(1), maxPause: .milliseconds(5))
  }
}
