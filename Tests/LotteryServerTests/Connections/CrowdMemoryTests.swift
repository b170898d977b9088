import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What all connections together may take, and what the compose file grants.
@Suite(.timeLimit(.minutes(10))) struct CrowdMemoryTests {
  @Test func `while memory is scarce, each batch is stored before the next is taken`() async throws
  {
    try await withServer(agencies: 1) { server in
      try await server.withAgency { client in
        let (count, size) = (20, 5)
        let batches = try (0..<count).map { index in
          let first = index * size
          return Frames.batch(try sampleBets(first..<(first + size)), at: UInt64(first))
        }
        server.memory.add(PendingMemory.limit)
        try await client.send(Array(batches.joined()))
        for index in 1...count { try await client.expect(.stored(UInt64(index * size))) }
        server.memory.add(-PendingMemory.limit)
      }
      await server.stop()
      #expect(server.memory.count == 0)
    }
  }

  @Test func `what is refused leaves no memory taken`() async throws {
    try await withServer(agencies: 1) { server in
      try await server.withAgency { client in
        let bets = try sampleBets(0..<5)
        try await client.send(Frames.batch(bets, at: 0), Frames.batch(bets, badAt: 2, at: 5))
        _ = try await client.receiveAll()
      }
      await server.stop()
      #expect(server.memory.count == 0)
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
      2 * min(agencies * 2 * PendingBets.sizeLimit, PendingMemory.limit) + 2 * agencies * frame
    let winners = 2 * Winners.sizeLimit
    let log = 8 * 1024 * 1024
    // Its task, its handle, and its entries in tables.
    let connections = agencies * 16 * 1024
    // Code, stacks, and what the allocator keeps.
    let program = 32 * 1024 * 1024
    // The draw is held when all bets are stored.
    return program + log + connections + buffers + max(pending, winners)
  }

  /// Threads that the server may have with any number of cores: those of busy connections, the main
  /// thread, and those of signals, sockets, deadlines, the log, the draw, two files, Dispatch
  /// itself, and the task that accepts and its waiters.
  private func threads(of agencies: Int) -> Int { min(agencies, Worker.threadLimit) + 12 }
  /// A healthcheck is a process of its own.
  private static let healthcheckThreads = 12

  @Test(
    .enabled(if: FileManager.default.isExecutableFile(atPath: "/bin/bash")),
    arguments: [1, 5, 64, 65, 256, 511, 512, 1000, 4000, 9500, 16_384])
  func `they fit what the compose file grants`(agencies: Int) throws {
    let functions = Repository.root.appending(path: "scripts/lib/compose.bash").path
    let script = #". "$1"; agencies=$2 top=$3 with_keys=false; server"#
    let arguments = ["-c", script, "-", functions, "\(agencies)", Repository.root.path]
    var output: [UInt8] = []
    _ = try ChildProcess("bash", arguments).wait { output += $0 }
    let text = String(decoding: output, as: UTF8.self)
    let memoryLimit = try number(after: "mem_limit: ", in: text) * 1024 * 1024
    let threadLimit = try number(after: "pids_limit: ", in: text)
    #expect(memory(of: agencies) <= memoryLimit)
    #expect(threads(of: agencies) + Self.healthcheckThreads <= threadLimit)
  }

  private func number(after key: String, in text: String) throws -> Int {
    let start = try #require(text.range(of: key)).upperBound
    return try #require(Int(text[start...].prefix { $0.isNumber }))
  }
}
