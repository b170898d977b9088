import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Peers that owe a message for too long, and others that do not.
@Suite(.timeLimit(.minutes(10))) struct MessageDeadlineTests {
  private static let tooSlow = ServerMessage.error(
    code: .tooSlow, reason: "no complete message in time")

  private static let timeout: @Sendable (inout ServerConfiguration) -> Void = {
    $0.timeout = .seconds(1)
  }

  @Test(
    arguments: [
      [], Frames.hello(1).dropLast(), Frames.hello(1) + Frames.finished(0).dropLast(),
    ] as [[UInt8]])
  func `a client that stops inside a message is told so and disconnected`(
    bytes: [UInt8]
  ) async throws {
    try await withClient(changing: Self.timeout) { client, _ in
      try await client.send(bytes)
      #expect(Array(try await client.receiveMessages().drop { $0 == .welcome() }) == [Self.tooSlow])
    }
  }

  @Test func `a byte now and then gains no time`() async throws {
    try await withAgency(changing: Self.timeout) { client, _ in
      async let sent: Void = {
        // The first bytes of the longest frame, until the server ends the connection.
        for byte in [0, 0, 0x1F, 0x3C] + [UInt8](repeating: 3, count: 7995) {
          guard try await client.send([byte]), !client.hasAnswer else { return }
          try await Task.sleep(for: .milliseconds(1))
        }
      }()
      try await client.expect(Self.tooSlow)
      _ = try? await sent
    }
  }

  @Test func `a client that waits or is idle between messages is not slow`() async throws {
    try await withAgency(agencies: 2, changing: Self.timeout) { waiting, server in
      try await waiting.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
      try await server.withAgency(2) { idle in
        // The deadlines of others, which begin later, pass meanwhile.
        for _ in 0..<2 { try await server.withClient { try await $0.expect(Self.tooSlow) } }
        try await idle.expect(.confirmed, after: Frames.finished(0))
        #expect(try await idle.askWinners() == [])
        _ = try await waiting.receive()
      }
    }
  }

  @Test func `an address that has too many connections gets no more`() async throws {
    try await withAgency(agencies: 2, changing: { $0.maxConnectionsPerAddress = 1 }) {
      first, server in
      try await server.withClient(2) { try await $0.expect(nil) }
      try await first.expect(.confirmed, after: Frames.finished(0))
    }
  }

  @Test func `a wrong key is refused, the right one is not`() async throws {
    let keys = try AgencyKeys(Array("1:right".utf8), file: "keys", agencies: 1)
    try await withServer(agencies: 1, keys: keys) { server in
      try await server.withClient(1) { client in
        try await client.send(Frames.hello(1))
        try await client.expect(
          .error(code: .wrongKey, reason: "agency 1: the key is not this agency's"))
      }
      let hello = AgencyMessage.hello(agency: 1, key: "right").frame
      try await server.withClient(1) { client in
        try await client.expect(.welcome(), after: hello)
      }
    }
  }
}
