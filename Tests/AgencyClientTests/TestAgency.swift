import LotteryProtocol
import ProcessSupport
import Synchronization
import TestSupport
import Testing

@testable import AgencyClient

/// Agency 1, with a file of its own, and a server that follows a script.
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

  /// What the server does on a connection.
  enum Step: Sendable {
    /// Requires the agency to send these bytes next.
    case hears([UInt8])
    case says([UInt8])
    /// Says the same again and again, until the agency ends.
    case repeats([UInt8])
    /// Requires the agency to send nothing more, and to close the connection.
    case hearsEnd
    case waits(Duration)
    case waitsForEnd
    /// Sends a signal to the agency, and waits for its end.
    case signals
  }

  let log: LogFile
  private let work: Work
  private let bets: [Bet]
  private let retry: RetryPolicy
  private let clock: TestClock?
  private let directory = TemporaryDirectory()

  /// An agency that sends two bets in a batch, and three batches before their answers.
  ///
  /// - Parameter clock: measures the time without progress; the real time if nil.
  init(_ work: Work, _ bets: [Bet], retry: RetryPolicy, clock: TestClock?) throws {
    (self.work, self.bets, self.retry, self.clock) = (work, bets, retry, clock)
    log = try LogFile(.go, level: .debug)
    try directory.write(agencyFile(bets).utf8, to: "agency.csv")
  }

  /// Its log from the actions on, without the path of its file and the random lengths of pauses.
  func lines() throws -> [String] {
    try log.lines().map { line in
      line.replacing(#/^.*action: /#, with: "").replacing(#/pause: [^ ]*/#, with: "pause: …")
        .replacing(directory.path, with: "…")
    }
  }

  /// Runs it against a server that takes one step after the other on each of its connections, which
  /// it closes then. Returns how the agency ended: nil if all went well.
  func run(_ script: [[Step]]) async throws -> AgencyError? {
    let listener = try Listener(port: 0, backlog: 16)
    defer { listener.close() }
    let worker = Worker(label: "agency")
    let agency = Task(executorPreference: worker) { () -> AgencyError? in
      do throws(AgencyError) {
        try await run(at: Endpoint(host: "127.0.0.1", port: listener.port), on: worker)
        return nil
      } catch {
        return error
      }
    }
    // Not on the tests' own threads, which others keep busy: the agency may give up soon.
    let server = Task(executorPreference: Worker(label: "script")) {
      do {
        for steps in script {
          let peer = try Peer(try #require(await listener.accept()))
          defer { peer.close() }
          for step in steps { try await step.play(peer, agency) }
        }
      } catch {
        agency.cancel()
        throw error
      }
    }
    let outcome = await agency.value
    // A server that still waits for a connection gets one that ends at once.
    try Peer(port: listener.port).close()
    try await server.value
    return outcome
  }

  private func run(at endpoint: Endpoint, on worker: Worker) async throws(AgencyError) {
    var configuration = ClientConfiguration(
      id: 1, serverAddress: endpoint, dataFile: Path(directory.file("agency.csv")))
    configuration.batchMaxAmount = 2
    configuration.batchWindow = 3
    configuration.loopPeriod = .zero
    if case .echo(let lines) = work { configuration.loopAmount = lines }
    let attempts =
      clock.map { Attempts(retry, log: log.log, clock: $0) } ?? Attempts(retry, log: log.log)
    let agency = Agency(
      configuration: configuration, worker: worker, attempts: attempts, log: log.log)
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

extension TestAgency.Step {
  fileprivate func play(_ peer: Peer, _ agency: Task<AgencyError?, Never>) async throws {
    switch self {
    case .hears(let bytes):
      let heard = try await peer.receive(bytes.count)
      try #require(heard == bytes)
    case .says(let bytes): try await peer.send(bytes)
    case .repeats(let bytes): while try await peer.send(bytes) {}
    case .hearsEnd:
      let heard = try await peer.receiveAll()
      try #require(heard == [])
    case .waits(let duration): try await Task.sleep(for: duration)
    case .waitsForEnd: _ = await agency.value
    case .signals:
      agency.cancel()
      _ = await agency.value
    }
  }

  static func says(_ messages: ServerMessage...) -> Self { .says(messages.frames) }

  /// The server says that it holds `bets`.
  static func welcomes(_ bets: some Collection<Bet>) -> Self {
    .says(
      .welcome(version: 1, state: .open, stored: UInt64(bets.count), lastBet: bets.suffix(1).first))
  }
}

/// A clock whose time passes only as a test says: through ``advance(by:)``, or to its deadline as
/// soon as a task sleeps.
final class TestClock: Clock {
  typealias Instant = ContinuousClock.Instant

  private let time = Mutex(ContinuousClock.now)

  var now: Instant { time.withLock(\.self) }
  var minimumResolution: Duration { .zero }

  func advance(by duration: Duration) { time.withLock { $0 += duration } }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    time.withLock { $0 = max($0, deadline) }
    try Task.checkCancellation()
  }
}
