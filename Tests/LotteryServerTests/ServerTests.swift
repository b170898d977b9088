import Dispatch
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// How the server starts and shuts down. What it goes on with after a restart is played by the
/// simulation.
@Suite(.timeLimit(.minutes(10))) struct ServerTests {
  /// Agencies that wait for the draw, or for its winners, and one that sends bets or a client that
  /// asks for the status. None closes its connection.
  @Test(arguments: [1, 2] as [UInt32])
  func `all agencies are told at once that the server shuts down`(agencies: UInt32) async throws {
    let drawn = ServerMessage.welcome(state: .drawn)
    try await withServer(
      agencies: agencies,
      changing: {
        $0.winnersDelay = .seconds(24 * 3600)
        // A server that is full can be stopped, too, but it puts out who is no agency.
        if agencies == 2 { $0.maxConnections = 2 }
      }
    ) { server in
      try await server.withClient(1) { try await $0.finish(with: []) }
      // The draw is held soon after CONFIRMED.
      while agencies == 1, try await server.withClient(1, { try await $0.greet() }) != drawn {}
      try await server.withAgency(1) { waiting in
        try await waiting.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
        // A full server puts out a client that has not spoken in time: then another one tries.
        var isStopped = false
        while !isStopped {
          try await server.withClient(2) { other in
            try await other.send(agencies == 2 ? Frames.hello(2) : Frames.statusQuery)
            guard (try? await other.receive()) != nil else { return }
            isStopped = true
            let start = ContinuousClock.now
            async let stopped: Void = server.stop()
            let shuttingDown = ServerMessage.error(
              code: .shuttingDown, reason: "the server is shutting down")
            #expect(try await waiting.receiveMessages() == [shuttingDown])
            #expect(try await other.receiveMessages() == [shuttingDown])
            await stopped
            #expect(start.duration(to: .now) < .seconds(60))
          }
        }
      }
    }
  }

  @Test func `other work has its turn while many connections are accepted`() async throws {
    let directory = TemporaryDirectory()
    var configuration = ServerConfiguration()
    configuration.port = 0
    configuration.listenBacklog = 512
    configuration.dataDirectory = Path(directory.path)
    let server = try Server(configuration, log: .discarding)
    let total = 6 * Int(Server.acceptsInATurn)
    let clients = try (0..<total).map { _ in try Peer(port: server.port) }
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
      let error = await #expect(throws: ServerError.self) {
        try await withServer(agencies: 1, in: directory, changing: { $0.port = other.port }) { _ in
        }
      }
      #expect(error?.description == "port \(other.port): bind: Address already in use")
      try BetStore(directory).close()
    }
  }
}

/// An executor that notes a count at the beginning of each of its turns.
private final class CountingTurns: TaskExecutor {
  private let queue = DispatchQueue(label: "turns")
  private let noted = Mutex<Set<Int>>([])
  private let count: @Sendable () -> Int

  init(count: @escaping @Sendable () -> Int) {
    self.count = count
  }

  /// The counts noted so far.
  var counts: Set<Int> { noted.withLock { $0 } }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async {
      self.noted.withLock { _ = $0.insert(self.count()) }
      job.runSynchronously(on: self.asUnownedTaskExecutor())
    }
  }
}
