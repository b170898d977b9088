import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// How the server accepts connections and shuts down. What it goes on with after a restart is
/// played by the simulation.
@Suite(.timeLimit(.minutes(10))) struct ServerTests {
  @Test func `a full server tells an agency that waits for the draw that it shuts down`()
    async throws
  {
    try await withServer(agencies: 2, changing: { $0.maxConnections = 1 }) { server in
      try await server.withAgency { waiting in
        try await waiting.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
        async let stopped: Void = server.stop()
        try await waiting.expect(
          .error(code: .shuttingDown, reason: "the server is shutting down"))
        try await waiting.expect(nil)
        await stopped
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
    let total = 2 * Int(Server.acceptsInATurn)
    let clients = try (0..<total).map { _ in try Peer(port: server.port) }
    let worker = Worker(label: "server")
    let running = Task(executorPreference: worker) { try await server.run() }
    // Its first turn after the first connection.
    let other = Task(executorPreference: worker) {
      while server.connections.count == 0 { await Task.yield() }
      return server.connections.count
    }
    #expect(await other.value < total)
    for client in clients { client.close() }
    running.cancel()
    try await running.value
  }
}
