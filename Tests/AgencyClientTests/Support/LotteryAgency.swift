import LotteryProtocol
import ProcessSupport
import TestSupport

@testable import AgencyClient

/// An agency of mode `lottery` with a file of its own.
struct LotteryAgency: Sendable {
  /// The bets in its file.
  let bets: [Bet]
  let lines: LogFile
  private let directory: TemporaryDirectory
  private let maxAmount: Int
  private let window: Int
  private let retry: RetryPolicy
  private let clock: TestClock?

  /// An agency that sends `bets`, `maxAmount` in a batch, `window` batches before their answers.
  ///
  /// - Parameters:
  ///   - clock: measures the time without progress; the real time if nil.
  ///   - appendix: what its file holds after the bets.
  init(
    _ bets: [Bet], maxAmount: Int = 2, window: Int = 4, retry: RetryPolicy = .soon,
    clock: TestClock? = nil, appendix: String = ""
  ) throws {
    self.retry = retry
    self.clock = clock
    self.bets = bets
    self.maxAmount = maxAmount
    self.window = window
    lines = try LogFile(.go, level: .debug)
    directory = TemporaryDirectory()
    try directory.write((agencyFile(bets) + appendix).utf8, to: "agency.csv")
  }

  /// Its file.
  var path: String { directory.file("agency.csv") }

  /// Runs it against a server that does what `script` says, and returns how it ended.
  func run(_ script: (ScriptedServer) async throws -> Void) async throws -> AgencyError? {
    try await outcome(of: run, script: script)
  }

  /// Runs it against a server that does what `script` says on its one connection.
  func serve(_ script: (Peer) async throws -> Void) async throws -> AgencyError? {
    try await run { try await $0.withConnection(script) }
  }

  /// Runs it against whatever listens at `endpoint`, and returns how it ended.
  func run(at endpoint: Endpoint) async -> AgencyError? {
    let worker = Worker(label: "agency")
    return await Task(executorPreference: worker) {
      do throws(AgencyError) {
        try await run(endpoint, worker)
        return nil
      } catch {
        return error
      }
    }.value
  }

  /// The batch that holds only the bet at `index`.
  func batch(of index: Int) -> AgencyWord { batch(index..<(index + 1)) }

  /// The batch that holds the bets at `indices`.
  func batch(_ indices: Range<Int>) -> AgencyWord {
    .batch(Array(bets[indices]), offset: UInt64(indices.lowerBound))
  }

  @Sendable private func run(_ endpoint: Endpoint, _ worker: Worker) async throws(AgencyError) {
    var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: Path(path))
    configuration.batchMaxAmount = maxAmount
    configuration.batchWindow = window
    configuration.retry = retry
    let agency =
      if let clock {
        Agency(configuration, worker: worker, log: lines.log, clock: clock)
      } else {
        Agency(configuration, worker: worker, log: lines.log)
      }
    try await LotteryMode(agency: agency).run()
  }
}

extension RetryPolicy {
  /// Retries after a few milliseconds.
  static var soon: RetryPolicy {
    RetryPolicy(limit: .seconds(20), pause: .milliseconds(1), maxPause: .milliseconds(5))
  }
}
