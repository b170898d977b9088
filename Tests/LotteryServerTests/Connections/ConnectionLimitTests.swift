import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// More connections than there is room for.
@Suite(.timeLimit(.minutes(10))) struct ConnectionLimitTests {
  @Test func `a connection that begins in a crowd has a smaller buffer`() {
    #expect(ConnectionService.bufferSize(others: ConnectionService.crowd - 1) == 256 * 1024)
    #expect(ConnectionService.bufferSize(others: ConnectionService.crowd) == 64 * 1024)
  }

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

  @Test func `many more than the limit are all served, one after the other`() async throws {
    try await withServer(agencies: 0, changing: { $0.maxConnections = 3 }) { server in
      try await withThrowingTaskGroup { group in
        for number in 0..<100 {
          group.addTask {
            try await server.withClient { client in
              try await client.send(Array("\(number)\n".utf8))
              #expect(try await client.receiveAll() == Array("\(number)\n".utf8))
            }
          }
        }
        try await group.waitForAll()
      }
    }
  }

  /// Clients of five addresses take every place again and again, and say one byte.
  @Test func `an honest agency gets in and gets on, whoever takes the places`() async throws {
    let limits: @Sendable (inout ServerConfiguration) -> Void = {
      ($0.maxConnections, $0.maxConnectionsPerAddress) = (20, 5)
    }
    try await withServer(agencies: 3, changing: limits) { server in
      try await server.withAgency(1) { early in
        try await withThrowingTaskGroup { group in
          // On a thread of its own: those that all tests share would have no time for others.
          let worker = Worker(blocking: "siege")
          for number in 0..<50 {
            group.addTask(executorPreference: worker) {
              try await Self.besiege(server.port, from: UInt8(2 + number % 5))
            }
          }
          while server.connectionCount < 20 { try await Task.sleep(for: .milliseconds(1)) }
          // One from an address of its own, one from an address that they use.
          for agency in 2...3 as ClosedRange<UInt32> {
            try await Self.finish(agency, server.port, from: agency == 2 ? 7 : 2)
          }
          // Who has spoken is not put out.
          try await early.expect(.confirmed, after: Frames.finished(0))
          #expect(try await early.askWinners() == [])
          group.cancelAll()
        }
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
      let starts = registry.start(handle) { number in
        started.fulfill(number)
        _ = await ends.wait()
        handle.close()
      }
      #expect(starts)
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

  /// Connects again and again, and says one byte, until the task is cancelled.
  private static func besiege(_ port: UInt16, from host: UInt8) async throws {
    while !Task.isCancelled {
      let client = try Peer(port: port, takesResets: true, host: host)
      defer { client.close() }
      try await client.send([0])
      _ = try? await client.receiveAll()
    }
  }

  /// Finishes for an agency, which tries as often as it must.
  private static func finish(_ agency: UInt32, _ port: UInt16, from host: UInt8) async throws {
    while true {
      let client = try Peer(port: port, agency: agency, takesResets: true, host: host)
      defer { client.close() }
      if try await client.greet() == nil { continue }
      return try await client.expect(.confirmed, after: Frames.finished(0))
    }
  }

  @Test func `a server that is full can be stopped`() async throws {
    try await withAgency(changing: { $0.maxConnections = 1 }) { client, server in
      async let stopped: Void = server.stop()
      try await client.expect(ServerTests.shuttingDown)
      await stopped
    }
  }

  @Test(arguments: [(20, 1), (64, 1), (65, 1), (66, 2), (1064, 1000)])
  func `what is no connection keeps its descriptors`(descriptors: Int, limit: Int) async {
    await #expect(processExitsWith: .success) { [descriptors, limit] in
      var new = rlimit(rlim_cur: rlim_t(descriptors), rlim_max: rlim_t(descriptors))
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &new) == 0)
      #expect(ConnectionLimit.raise() == limit)
    }
  }

  @Test func `as many connections as agencies take part can wait to be accepted`() async throws {
    try await withServer(
      agencies: 40,
      changing: {
        $0.maxConnections = 1
        $0.listenBacklog = 1
      }
    ) { server in
      try await server.withAgency(1) { agency in
        var waiting: [Peer] = []
        // One that finds no room is never made: the kernel retries until it gives up.
        for _ in 0..<40 { waiting.append(try Peer(port: server.port)) }
        for client in waiting { client.close() }
      }
    }
  }

  @Test(arguments: [(3, 3, 0), (4, 3, 1), (4, 4, 0)])
  func `a limit below the number of agencies is warned of`(
    agencies: Int, limit: Int, warnings: Int
  ) async throws {
    for isPerAddress in [false, true] {
      let log = try LogFile()
      try await withServer(
        agencies: UInt32(agencies), log: log.log,
        changing: {
          if isPerAddress {
            $0.maxConnectionsPerAddress = limit
          } else {
            $0.maxConnections = limit
          }
        }
      ) { _ in }
      let note =
        isPerAddress
        ? "more agencies than the \(limit) connections from one address: if they share one, the draw"
          + " may never be held"
        : "more agencies than the \(limit) connections: the draw may never be held"
      let line = "WARNING  action: limit_connections | result: success | note: \(note)"
      #expect(try log.lines(of: "limit_connections") == [String](repeating: line, count: warnings))
    }
  }
}
