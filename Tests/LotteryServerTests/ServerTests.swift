import Dispatch
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// How the server starts, shuts down and starts again.
@Suite(.timeLimit(.minutes(10))) struct ServerTests {
  static let shuttingDown = ServerMessage.error(
    code: .shuttingDown, reason: "the server is shutting down")

  @Test func `waiting agencies are told at once that the server shuts down`() async throws {
    try await withAgency(agencies: 2) { waiting, server in
      try await waiting.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
      try await server.withAgency(2) { betting in
        async let stopped: Void = server.stop()
        try await waiting.expect(Self.shuttingDown)
        try await waiting.expect(nil)
        try await betting.expect(Self.shuttingDown)
        try await betting.expect(nil)
        await stopped
      }
    }
  }

  @Test func `so are agencies that wait for the announced winners`() async throws {
    let drawn = ServerMessage.welcome(state: .drawn)
    let day = Duration.seconds(24 * 3600)
    try await withServer(agencies: 1, changing: { $0.winnersDelay = day }) { server in
      try await server.withClient(1) { try await $0.finish(with: []) }
      // The draw is held soon after CONFIRMED.
      while try await server.withClient(1, { try await $0.greet() }) != drawn {}
      try await server.withClient(1) { waiting in
        try await waiting.expect(drawn, after: Frames.hello(1))
        try await waiting.send(Frames.winnersQuery)
        let start = ContinuousClock.now
        async let stopped: Void = server.stop()
        try await waiting.expect(Self.shuttingDown)
        try await waiting.expect(nil)
        await stopped
        #expect(start.duration(to: .now) < .seconds(60))
      }
    }
  }

  @Test func `a client that does not close its connection cannot delay a shutdown`() async throws {
    try await withAgency(agencies: 2) { client, server in
      await server.stop()
      try await client.expect(Self.shuttingDown)
    }
  }

  @Test func `other work has its turn while many connections are accepted`() async throws {
    ConnectionLimit.raise()
    let directory = TemporaryDirectory()
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.listenBacklog = 512
    configuration.dataDirectory = Path(directory.path)
    configuration.timeout = .seconds(3600)
    let server = try Server(configuration, log: .discarding)
    let total = 6 * Int(Server.acceptsInATurn)
    var clients: [Peer] = []
    for _ in 0..<total { clients.append(try Peer(port: server.port)) }
    let turns = CountingTurns { server.connections.count }
    let running = Task(executorPreference: turns) { try await server.run() }
    while server.connections.count < total { await Task.yield() }
    // A turn is skipped if the worker finds no other work at once, but not each of them.
    #expect(!turns.counts.isDisjoint(with: 1..<total))
    for client in clients { client.close() }
    running.cancel()
    try await running.value
  }

  @Test func `a port that is taken is named, and the directory stays free`() async throws {
    let directory = TemporaryDirectory()
    try await withServer(agencies: 1) { other in
      var configuration = ServerConfiguration()
      configuration.port = other.port
      configuration.dataDirectory = Path(directory.path)
      let error = #expect(throws: PortError.self) {
        try Server(configuration, log: .discarding)
      }
      #expect(error?.description == "port \(other.port): bind: Address already in use")
      try BetStore(directory: directory.path).close()
    }
  }

  @Test func `a directory that is in use is named`() async throws {
    try await withServer(agencies: 1) { server in
      let error = #expect(throws: StorageError.self) {
        try RunningServer(agencies: 1, in: server.directory)
      }
      #expect(
        error?.description
          == "\(server.directory.path): another server is using this directory")
    }
  }

  @Test func `after a restart all goes on, without agencies of a larger lottery`() async throws {
    let directory = TemporaryDirectory()
    let bets = try [1, winningNumber, 2].enumerated().map { try sampleBet($0, number: $1) }
    try directory.write("2,0\r\n3,0\r\n".utf8, to: "finished.csv")
    try await withAgency(agencies: 2, in: directory) { client, _ in
      try await client.expect(.stored(2), after: Frames.batch(Array(bets[..<2]), at: 0))
    }
    try await withClient(agencies: 2, in: directory) { client, _ in
      try await client.expect(.welcome(2, last: bets[1]), after: Frames.hello(1))
      try await client.expect(.stored(3), after: Frames.bet(bets[2], at: 2))
      // Agency 2 need not come back for the draw to be held.
      try await client.expect(.confirmed, after: Frames.finished(3))
      #expect(try await client.askWinners() == [bets[1].document])
    }
    // It is held again for late questions.
    try await withAgency(agencies: 2, in: directory) { client, _ in
      let winners = try await client.askWinners()
      #expect(winners == [bets[1].document])
    }
    #expect(try directory.read("bets.csv") == rows(bets))
  }
}

/// An executor that notes a count at the beginning of each of its turns.
private final class CountingTurns: TaskExecutor {
  private let queue = DispatchQueue(label: "turns")
  private let noted = Mutex<Set<Int>>([])
  private let count: @Sendable () -> Int

  /// An executor that notes what `count` returns.
  init(count: @escaping @Sendable () -> Int) {
    self.count = count
  }

  /// The counts noted so far.
  var counts: Set<Int> { noted.withLock { $0 } }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async {
      let count = self.count()
      self.noted.withLock { _ = $0.insert(count) }
      job.runSynchronously(on: self.asUnownedTaskExecutor())
    }
  }
}
