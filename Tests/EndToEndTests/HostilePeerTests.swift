import Foundation
import LotteryCore
import TestSupport
import Testing

/// Whoever breaks the contract is told so, and the lottery goes on.
@Suite("Hostile peers, with the real server", .serialized, .timeLimit(.minutes(1)))
struct HostilePeerTests {
  @Test func `garbage gets ERROR 1, or what the echo service says: nothing`() async throws {
    try await SiegedLottery.hold { port in
      try await onThread {
        var random = SeededGenerator(seed: 1)
        for _ in 0..<50 {
          let size = Int.random(in: 6...20_000, using: &random)
          let noise = (0..<size).map { _ in UInt8.random(in: 11...255, using: &random) }
          // A length that is far too large, and one that is right before a type that is none.
          for start: [UInt8] in [[0], [0, 0, 0, 2]] {
            try Self.expect(.malformed, after: start + noise, port)
          }
          // A line without an end.
          let line = noise + [UInt8](repeating: 0xFF, count: ProtocolLimits.echoLineSize)
          try Self.expectNoAnswer(to: line, port)
        }
        return []
      }
    }
  }

  @Test func `lengths that no frame has get ERROR 1, before and after HELLO`() async throws {
    try await SiegedLottery.hold(agencies: 3) { port in
      try await onThread {
        for length: [UInt8] in [[0, 0, 0, 0], [0, 0, 0x1F, 0x3D], [0, 0xFF, 0xFF, 0xFF]] {
          try Self.expect(.malformed, after: length, port)
        }
        for length: [UInt8] in [[0, 0, 0, 0], [0, 0, 0x1F, 0x3D], [0xFF, 0xFF, 0xFF, 0xFF]] {
          let stranger = try Stranger(port: port)
          try stranger.send(Recorded.hello + length)
          let messages = try stranger.receiveMessages(agency: 3)
          #expect(messages.count == 2)
          #expect(messages.last?.errorCode == .malformed)
          stranger.close()
        }
        try Recorded.finish(stored: 0, port)
        return []
      }
    }
  }

  @Test func `agencies that the lottery does not have get ERROR 3, other versions ERROR 2`()
    async throws
  {
    try await SiegedLottery.hold { port in
      try await onThread {
        for agency: UInt32 in [0, 3, 0x0100_0000, .max] {
          var hello: [UInt8] = []
          AgencyMessage.hello(agency: agency, key: "").append(to: &hello)
          try Self.expect(.unknownAgency, after: hello, port)
        }
        try Self.expect(.version, after: [0, 0, 0, 2, 1, 2], port)
        try Self.expect(.notNow, after: Recorded.winnersQuery, port)
        return []
      }
    }
  }

  @Test func `a recorded session that is played again stores nothing twice`() async throws {
    try await SiegedLottery.hold(agencies: 3) { port in
      try await onThread {
        let (first, second) = (try Stranger(port: port), try Stranger(port: port))
        try first.send(Recorded.hello + Recorded.batch)
        #expect(try first.receiveMessage(agency: 3)?.stored == 0)
        #expect(try first.receiveMessage(agency: 3) == .stored(2))
        try second.send(Recorded.hello + Recorded.batch)
        #expect(try second.receiveMessage(agency: 3)?.stored == 2)
        #expect(try second.receiveMessage(agency: 3) == .stored(2))
        #expect(try first.receiveError() == .superseded)
        first.close()
        second.close()
        try Recorded.finish(stored: 2, port)
        return []
      }
    }
  }

  /// Expects that `bytes` get ERROR and nothing else.
  private static func expect(
    _ code: ErrorCode, after bytes: [UInt8], _ port: UInt16,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let stranger = try Stranger(port: port)
    defer { stranger.close() }
    try stranger.send(bytes)
    #expect(try stranger.receiveError() == code, sourceLocation: sourceLocation)
  }

  /// Expects that the server ends the connection without a word.
  private static func expectNoAnswer(to bytes: [UInt8], _ port: UInt16) throws {
    let stranger = try Stranger(port: port)
    defer { stranger.close() }
    try stranger.send(bytes)
    #expect(try stranger.receive(1) == [])
  }
}
