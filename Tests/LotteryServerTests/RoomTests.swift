import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// More connections than there is room for, and what all of them may take together.
@Suite(.timeLimit(.minutes(10))) struct RoomTests {
  @Test func `a connection beyond the limit waits until another ends`() async throws {
    try await withServer(agencies: 1, changing: { $0.maxConnections = 1 }) { server in
      var waiting: Peer?
      try await server.withAgency { agency in
        let client = try Peer(port: server.port)
        try await client.send(Array("hola\n".utf8))
        try await agency.expect(.confirmed, after: Frames.finished(0))
        #expect(!client.hasAnswer)
        waiting = client
      }
      #expect(try await waiting?.receiveAll() == Array("hola\n".utf8))
      waiting?.close()
    }
  }

  @Test func `an address that has too many agencies gets no more`() async throws {
    try await withServer(agencies: 2, changing: { $0.maxConnectionsPerAddress = 1 }) { server in
      try await server.withAgency { first in
        try await server.withClient(2) { try await $0.expect(nil) }
        try await first.expect(.confirmed, after: Frames.finished(0))
      }
    }
  }

  @Test func `a connection whose HELLO is read after it was asked to make room stays`() async throws
  {
    try await withServer(agencies: 0) { server in
      let endpoint = try #require(Endpoint("127.0.0.1:\(server.port)"))
      let handle = try await Connector.open(
        endpoint, worker: Worker(label: "client"), until: .now + .seconds(30))
      let registry = ConnectionRegistry(limit: 1, limitPerAddress: 1)
      let (started, waits, ends) = (Promise<UInt64>(), Promise<Void>(), Promise<Void>())
      _ = registry.start(handle) { number in
        started.fulfill(number)
        _ = await ends.wait()
        handle.close()
      }
      let number = try #require(await started.wait())
      let connection = Connection(handle, capacity: 8000)
      async let room: Void = registry.makeRoom { waits.fulfill(()) }
      while (try? connection.check()) != nil { try await Task.sleep(for: .milliseconds(1)) }
      registry.mark(number, speaks: true)
      try connection.check()
      // No other connection can make room.
      _ = await waits.wait()
      ends.fulfill(())
      await room
    }
  }

  @Test func `as many connections as agencies take part can wait to be accepted`() async throws {
    try await withServer(
      agencies: 40, changing: { ($0.maxConnections, $0.listenBacklog) = (1, 1) }
    ) { server in
      try await server.withAgency { _ in
        // One that finds no room is never made: the kernel retries until it gives up.
        let waiting = try (0..<40).map { _ in try Peer(port: server.port) }
        for client in waiting { client.close() }
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
    // Its first turn after the first connection. It is there before that.
    let other = Task(executorPreference: worker) {
      while server.connections.count == 0 { await Task.yield() }
      return server.connections.count
    }
    let running = Task(executorPreference: worker) { try await server.run() }
    #expect(await other.value < total)
    for client in clients { client.close() }
    running.cancel()
    try await running.value
  }

  @Test(arguments: [(20, 1), (64, 1), (65, 1), (66, 2), (1064, 1000)])
  func `what is no connection keeps its descriptors`(descriptors: Int, limit: Int) async {
    await #expect(processExitsWith: .success) { [descriptors, limit] in
      var new = rlimit(rlim_cur: rlim_t(descriptors), rlim_max: rlim_t(descriptors))
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &new) == 0)
      #expect(ConnectionLimit.raise() == limit)
    }
  }

  // MARK: Memory

  @Test func `while memory is scarce, each batch is stored before the next is taken`() async throws
  {
    try await withServer(agencies: 1) { server in
      try await server.withAgency { client in
        let bets = try sampleBets(0..<20)
        server.takeMemory(Server.memoryLimit)
        try await client.send(bets.enumerated().flatMap { Frames.bet($1, at: UInt64($0)) })
        for index in 1...bets.count { try await client.expect(.stored(UInt64(index))) }
        server.takeMemory(-Server.memoryLimit)
        // What is refused leaves no memory taken either.
        try await client.send(Frames.batch(bets, at: 20), Frames.batch(bets, badAt: 2, at: 40))
        #expect(try await client.receiveMessages().first == .stored(40))
      }
      await server.stop()
      #expect(server.memory == 0)
    }
  }

  /// The most bytes that `agencies` may make the server take, all of which have full windows while
  /// the disk is slow.
  private func memory(of agencies: Int) -> Int {
    // Arrays grow by doubling. A row of a name and a document is at most twice as long as its bet.
    let frame = 2 * 2 * ProtocolLimits.packetSize
    let buffers = (0..<agencies).reduce(0) { $0 + ConnectionService.bufferSize(others: $1) }
    // The journal joins small rows: they are there twice.
    let pending =
      2 * min(agencies * 2 * PendingBets.sizeLimit, Server.memoryLimit) + 2 * agencies * frame
    let winners = 2 * Winners.sizeLimit
    let log = 8 * 1024 * 1024
    // Its task, its handle, and its entries in tables.
    let connections = agencies * 16 * 1024
    // Code, stacks, and what the allocator keeps.
    let program = 32 * 1024 * 1024
    // The draw is held when all bets are stored.
    return program + log + connections + buffers + max(pending, winners)
  }

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash")),
    arguments: [1, 5, 64, 65, 256, 511, 512, 1000, 4000, 9500, 16_384])
  func `all connections together fit what the compose file grants`(agencies: Int) throws {
    let functions = Repository.root.appending(path: "scripts/lib/compose.bash").path
    let script = #". "$1"; agencies=$2; server_memory"#
    var output: [UInt8] = []
    _ = try ChildProcess("bash", ["-c", script, "-", functions, "\(agencies)"]).wait {
      output += $0
    }
    let megabytes = try #require(Int(String(decoding: output.prefix { $0 != 0x6D }, as: UTF8.self)))
    #expect(memory(of: agencies) <= megabytes * 1024 * 1024)
  }
}
