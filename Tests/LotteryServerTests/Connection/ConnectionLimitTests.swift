import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// More connections than there is room for.
@Suite(.timeLimit(.minutes(1))) struct ConnectionLimitTests {
  @Test func `a connection beyond the limit waits until another ends`() async throws {
    try await withServer(agencies: 1, changing: { $0.maxConnections = 1 }) { server in
      let waiting = try await server.withClient(1) { agency in
        try await agency.greet()
        let waiting = try await RawClient(port: server.port)
        try await waiting.send(Array("hola\n".utf8))
        try await agency.expect(.confirmed, after: Frames.finished(0))
        #expect(try waiting.receivedNow() == nil)
        return waiting
      }
      #expect(try await waiting.receiveAll() == Array("hola\n".utf8))
      await waiting.close()
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

  @Test func `a server that is full can be stopped`() async throws {
    try await withServer(agencies: 1, changing: { $0.maxConnections = 1 }) { server in
      try await server.withClient(1) { client in
        try await client.greet()
        async let stopped: Void = server.stop()
        try await client.expect(ServerTests.shuttingDown)
        await stopped
      }
    }
  }

  @Test(arguments: [(20, 1), (64, 1), (65, 1), (66, 2), (1064, 1000)])
  func `what is no connection keeps its descriptors`(descriptors: Int, limit: Int) async {
    await #expect(processExitsWith: .success) { [descriptors, limit] in
      var new = rlimit(rlim_cur: rlim_t(descriptors), rlim_max: 4096)
      #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &new) == 0)
      #expect(ConnectionLimit.ofProcess() == limit)
    }
  }
}
