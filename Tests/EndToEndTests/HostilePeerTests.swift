import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// A client that breaks the contract is told so, and the lottery goes on.
@Suite(.serialized, .timeLimit(.minutes(1))) struct HostilePeerTests {
  @Test func `garbage gets ERROR 1, or what the echo service says: nothing`() async throws {
    try await SiegedLottery.hold { attack in
      var random = SeededGenerator(seed: 1)
      for _ in 0..<50 {
        let size = Int.random(in: 6...20_000, using: &random)
        let noise = (0..<size).map { _ in UInt8.random(in: 11...255, using: &random) }
        // A length that is far too large, and one that is right before a type that is none.
        for start: [UInt8] in [[0], [0, 0, 0, 2]] {
          try await Self.expect(.malformed, after: start + noise, attack)
        }
        // A line without an end.
        let line = noise + [UInt8](repeating: 0xFF, count: ProtocolLimits.echoLineSize)
        try await Self.expectNoAnswer(to: line, attack)
      }
    }
  }

  @Test func `lengths that no frame has get ERROR 1, before and after HELLO`() async throws {
    try await SiegedLottery.hold(agencies: 3) { attack in
      for length: [UInt8] in [[0, 0, 0, 0], [0, 0, 0x1F, 0x3D], [0, 0xFF, 0xFF, 0xFF]] {
        try await Self.expect(.malformed, after: length, attack)
      }
      for length: [UInt8] in [[0, 0, 0, 0], [0, 0, 0x1F, 0x3D], [0xFF, 0xFF, 0xFF, 0xFF]] {
        let client = try attack.connect()
        try await client.send(Recorded.hello + length)
        let messages = try await client.receiveMessages()
        #expect(messages.count == 2)
        #expect(messages.last?.errorCode == .malformed)
      }
      try await attack.finish(stored: 0)
    }
  }

  @Test func `unknown agencies get ERROR 3, other versions ERROR 2`() async throws {
    try await SiegedLottery.hold { attack in
      for agency: UInt32 in [0, 3, 0x0100_0000, .max] {
        try await Self.expect(.unknownAgency, after: Frames.hello(agency), attack)
      }
      try await Self.expect(.version, after: [0, 0, 0, 2, 1, 2], attack)
      try await Self.expect(.notNow, after: Recorded.winnersQuery, attack)
    }
  }

  @Test func `a recorded session that is sent again stores nothing twice`() async throws {
    try await SiegedLottery.hold(agencies: 3) { attack in
      let (first, second) = (try attack.connect(), try attack.connect())
      try await first.send(Recorded.hello + Recorded.batch)
      #expect(try await first.receive()?.stored == 0)
      #expect(try await first.receive() == .stored(2))
      try await second.send(Recorded.hello + Recorded.batch)
      #expect(try await second.receive()?.stored == 2)
      #expect(try await second.receive() == .stored(2))
      #expect(try await first.receiveError() == .superseded)
      try await attack.finish(stored: 2)
    }
  }

  /// Expects that `bytes` get ERROR and nothing else.
  private static func expect(
    _ code: ErrorCode, after bytes: [UInt8], _ attack: Attack,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let client = try attack.connect()
    defer { client.close() }
    try await client.send(bytes)
    #expect(try await client.receiveError() == code, sourceLocation: sourceLocation)
  }

  /// Expects that the server ends the connection without an answer.
  private static func expectNoAnswer(to bytes: [UInt8], _ attack: Attack) async throws {
    let client = try attack.connect()
    defer { client.close() }
    try await client.send(bytes)
    #expect(try await client.receive(1) == [])
  }
}
