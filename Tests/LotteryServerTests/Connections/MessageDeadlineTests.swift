import LotteryCore
import TestSupport
import Testing

@testable import LotteryServer

/// Peers that owe a message for too long, and others that do not.
@Suite(.timeLimit(.minutes(1))) struct MessageDeadlineTests {
  private static let tooSlow = ServerMessage.error(
    code: .tooSlow, reason: "no complete message in time")

  @Test func `it is over after the time for one message, however often a byte comes`() {
    let deadline = MessageDeadline(limit: .seconds(10))
    let now = ContinuousClock.now
    #expect(!deadline.isOver(at: now + .seconds(100)))
    deadline.expectMessage()
    deadline.expectMessage()
    #expect(!deadline.isOver(at: now + .seconds(9)))
    #expect(deadline.isOver(at: .now + .seconds(11)))
    deadline.messageCame()
    #expect(!deadline.isOver(at: now + .seconds(100)))
  }

  @Test func `it begins anew whenever a piece of what is owed has come`() {
    let deadline = MessageDeadline(limit: .seconds(10))
    let start = ContinuousClock.now
    deadline.expectMessage()
    while ContinuousClock.now - start < .milliseconds(2) {}
    deadline.renew()
    #expect(!deadline.isOver(at: start + .milliseconds(10_001)))
    #expect(deadline.isOver(at: .now + .seconds(11)))
  }

  @Test func `a client that sends nothing is told so and disconnected`() async throws {
    try await withClient { client, server in
      try await server.whileTimePasses { try await client.expect(Self.tooSlow) }
      try await client.expect(nil)
    }
  }

  @Test func `a client that stops inside a message is told so and disconnected`() async throws {
    try await withAgency { client, server in
      try await client.send(Array(Frames.batch(try sampleBets(1, 0..<3), at: 0).dropLast()))
      try await server.whileTimePasses { try await client.expect(Self.tooSlow) }
      try await client.expect(nil)
    }
  }

  @Test func `a client that waits or is idle between messages is not slow`() async throws {
    try await withAgency(agencies: 2) { waiting, server in
      try await waiting.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
      try await server.withAgency(2) { idle in
        // Another client's deadline passes meanwhile.
        try await server.withClient { slow in
          try await server.whileTimePasses { try await slow.expect(Self.tooSlow) }
        }
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
