import LotteryProtocol
import ProcessSupport
import Synchronization
import TestSupport
import Testing

@testable import AgencyClient

/// What a server says to agency 1, and how that ends and what it logs.
struct Script: CustomTestStringConvertible, Sendable {
  /// What the agency does. It sends two bets in a batch, and three batches before their answers.
  enum Work: Sendable {
    /// Sends all bets of its file and asks for the winners.
    case lottery
    /// Sends the first of its bets.
    case bet
    case echo(lines: Int)
    /// Says HELLO, and then sends more than the kernel takes from a sender without a reader.
    case flood
  }

  /// What the server does on a connection. It closes the connection after the last step.
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

  let testDescription: String
  var work = Work.lottery
  /// The bets of the agency's file.
  var bets: [Bet] = []
  var retry = Self.policy
  /// Measures the time without progress; the real time if nil.
  var clock: TestClock?
  /// The connections, one after the other.
  let connections: [[Step]]
  /// How the agency ends; nil if all goes well.
  let outcome: AgencyError?
  /// The lines of its log from the actions on, without the path of its directory and the random
  /// lengths of pauses.
  let log: [String]

  /// Long enough for what comes before a silence, on a busy machine too.
  static let policy = RetryPolicy(limit: .seconds(8), pause: .milliseconds(1))

  /// Plays it, and returns how the agency ended and what it logged.
  func play() async throws -> (outcome: AgencyError?, log: [String]) {
    let directory = TemporaryDirectory()
    let file = try directory.path(of: "agency.csv", holding: agencyFile(bets))
    let log = try LogFile(.go, level: .debug)
    let listener = try Listener(port: 0, backlog: 16)
    defer { listener.close() }
    var configuration = ClientConfiguration(
      id: 1, serverAddress: Endpoint(host: "127.0.0.1", port: listener.port), dataFile: Path(file))
    configuration.batchMaxAmount = 2
    configuration.batchWindow = 3
    configuration.loopPeriod = .zero
    if case .echo(let lines) = work { configuration.loopAmount = lines }
    let worker = Worker(label: "agency")
    let agency = Task(executorPreference: worker) { [configuration] () -> AgencyError? in
      let attempts =
        clock.map { Attempts(retry, log: log.log, clock: $0) } ?? Attempts(retry, log: log.log)
      do throws(AgencyError) {
        try await run(
          Agency(configuration: configuration, worker: worker, attempts: attempts, log: log.log))
        return nil
      } catch {
        return error
      }
    }
    // Not on the tests' own threads, which others keep busy: the agency may give up soon.
    let server = Task(executorPreference: Worker(label: "script")) {
      do {
        for steps in connections {
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
    let lines = try log.lines().map { line in
      line.replacing(#/^.* action: /#, with: "").replacing(#/pause: [^ ]*/#, with: "pause: …")
        .replacing(directory.path, with: "…")
    }
    return (outcome, lines)
  }

  private func run(_ agency: Agency) async throws(AgencyError) {
    switch work {
    case .lottery: try await agency.playLottery()
    case .bet: try await agency.place(bets[0])
    case .echo: try await agency.echo()
    case .flood:
      var conversation = LotteryConversation(agency: 1, key: "", window: 1)
      try await agency.withConnection(agency.connect()) { server throws(AgencyError) in
        try await server.send(conversation.hello(), &conversation)
        _ = try await server.receive(&conversation)
        let flood = [UInt8](repeating: 0, count: 64 * 1024 * 1024)
        try await server.send(flood, &conversation)
      }
    }
  }
}

extension Script.Step {
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
