import Glibc
import LotteryCore
import LotteryProtocol
import ProcessSupport
import Testing

@testable import AgencyClient

@Suite("A server that does nothing is given up", .timeLimit(.minutes(1)))
struct SilentServerTests {
  @Test(
    "the agency ends after the limit, and names what it waited for",
    arguments: Silence.allCases)
  func silence(_ silence: Silence) async throws {
    let agency = try LotteryAgency(sampleBets(0..<1), retry: .short)
    let start = ContinuousClock.now
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        if silence == .welcome {
          try await peer.expect(.hello(agency: 1), nil)
          return
        }
        try await peer.welcome()
        try await peer.expect(agency.batch(of: 0))
        if silence == .confirmed {
          try await peer.send(.stored(1))
          try await peer.expect(.finished(total: 1), .winnersQuery)
        }
        try await peer.expect(nil)
      }
    }
    #expect(outcome == Self.gaveUp(waitedFor: silence.rawValue))
    #expect(outcome?.exitStatus == .unavailable)
    #expect(try agency.lines.about("close_socket").count == 1)
    #expect(start.duration(to: .now) >= .milliseconds(500))
  }

  @Test("winners that stop coming are given up; the draw may take as long as it likes")
  func winners() async throws {
    let agency = try LotteryAgency(sampleBets(0..<1), retry: .short)
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome(agency.bets)
        try await peer.expect(.finished(total: 1), .winnersQuery)
        try await peer.send(.confirmed)
        // The draw: longer than the limit.
        try await Task.sleep(for: .milliseconds(600))
        try await peer.send(.winners(more: true, documents: ["1"]))
        try await peer.expect(nil)
      }
    }
    #expect(outcome == Self.gaveUp(waitedFor: "WINNERS"))
  }

  @Test("a server that receives nothing is given up")
  func deaf() async throws {
    let flood = [UInt8](repeating: 0, count: 64 * 1024 * 1024)
    let outcome = try await outcome(
      of: { endpoint, worker in
        try await Persistence(.short, log: .discarding).run { persistence throws(AgencyError) in
          let link = try await ServerLink(to: endpoint, worker: worker, persistence: persistence)
          do throws(AgencyError) {
            try await link.send(flood)
          } catch {
            link.close()
            throw error
          }
        }
      },
      script: { server in
        try await server.withConnection { _ in _ = await server.agency.value }
      })
    #expect(outcome == Self.gaveUp(waitedFor: "the server to receive"))
  }

  @Test("a server that says WELCOME and nothing else, over and over, is given up")
  func welcomesOnly() async throws {
    let agency = try LotteryAgency(sampleBets(0..<1), retry: .short)
    var connections = 0
    let outcome = try await agency.run { server in
      try await server.withEachConnection { peer in
        // The agency may end in the middle.
        try await peer.send(.welcome(version: 1, state: .open, stored: 0, lastBet: nil))
        _ = try? await peer.receive()
        connections += 1
      }
    }
    guard case .gaveUp(after: "500ms", _)? = outcome else {
      Issue.record("\(outcome as Any)")
      return
    }
    #expect(connections > 1)
  }

  @Test("a connection that nobody takes is given up")
  func noConnection() async throws {
    let server = try FullListener()
    defer { server.close() }
    let agency = try LotteryAgency(sampleBets(0..<1), retry: .short)
    #expect(
      await agency.run(at: server.endpoint)
        == Self.gaveUp(waitedFor: "a connection to \(server.endpoint)"))
  }

  @Test("a line that does not come back is given up")
  func echo() async throws {
    let outcome = try await outcome(
      of: { endpoint, worker in
        var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        configuration.retry = .short
        try await EchoMode(configuration: configuration, worker: worker, log: .discarding).run()
      },
      script: { server in
        try await server.withConnection { peer in
          _ = try await peer.receiveLine()
          try await peer.expect(nil)
        }
      })
    #expect(outcome == Self.gaveUp(waitedFor: "the line to come back"))
  }

  @Test("without retries the only attempt is not cut off")
  func noRetries() async throws {
    let agency = try LotteryAgency(sampleBets(0..<1), retry: RetryPolicy(limit: .zero))
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.expect(agency.batch(of: 0))
        try await Task.sleep(for: .milliseconds(50))
        try await peer.send(.stored(1))
        try await peer.finish(total: 1)
      }
    }
    #expect(outcome == nil)
  }

  /// The answer that does not come.
  enum Silence: String, CaseIterable {
    case welcome = "WELCOME"
    case stored = "STORED"
    case confirmed = "CONFIRMED"
  }

  private static func gaveUp(waitedFor event: String) -> AgencyError {
    .gaveUp(after: "500ms", .noAnswer(waitedFor: event))
  }
}

/// A port whose queue of connections is full, so that the kernel answers no more.
private struct FullListener {
  let endpoint: Endpoint
  private let descriptors: [Int32]

  init() throws {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    // The queue has room for one connection (listen(2)); what more are begun hang.
    let descriptors = (0..<4).map { _ in socket(AF_INET, type, 0) }
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        _ = bind(descriptors[0], address, size)
        listen(descriptors[0], 0)
        getsockname(descriptors[0], address, &size)
        for descriptor in descriptors.dropFirst() { _ = connect(descriptor, address, size) }
      }
    }
    self.descriptors = descriptors
    let port = UInt16(bigEndian: address.sin_port)
    endpoint = try #require(Endpoint("127.0.0.1:\(port)"))
  }

  func close() {
    for descriptor in descriptors { _ = Glibc.close(descriptor) }
  }
}
