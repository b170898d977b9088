import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What a peer that breaks the contract is told. Other peers are not affected.
@Suite(.timeLimit(.minutes(10))) struct RefusalTests {
  struct Breach: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let sent: [UInt8]
    let code: ErrorCode
    let reason: String

    init(_ description: String, _ sent: [UInt8], _ code: ErrorCode, _ reason: String) {
      testDescription = description
      self.sent = sent
      self.code = code
      self.reason = reason
    }
  }

  @Test(arguments: [
    Breach("a frame of no bytes", [0, 0, 0, 0], .malformed, "frame length 0: must be 1 to 7996"),
    Breach(
      "a frame one byte too long", [0, 0, 0x1F, 0x3D], .malformed,
      "frame length 7997: must be 1 to 7996"),
    Breach("an unknown type", Frames.frame([0x7F]), .malformed, "unknown message type 0x7F"),
    Breach(
      "a HELLO that ends early", Frames.frame([0x01, 1]), .malformed,
      "HELLO: the body is too short"),
    Breach(
      "another version", Frames.hello(1, version: 2), .version,
      "version 2: this server speaks 1"),
    Breach(
      "an agency that takes no part", Frames.hello(2), .unknownAgency,
      "agency 2: must be 1 to 1"),
    Breach("FINISHED without HELLO", Frames.finished(0), .notNow, "HELLO must come first"),
    Breach(
      "WINNERS? before FINISHED", Frames.hello(1) + Frames.winnersQuery, .notNow,
      "WINNERS? must come after FINISHED"),
    Breach(
      "HELLO twice", Frames.hello(1) + Frames.hello(1), .notNow, "HELLO may be sent only once"),
    Breach(
      "another total", Frames.hello(1) + Frames.finished(9), .totalsDiffer,
      "total 9: 0 bets are stored"),
    Breach(
      "garbage that never ends",
      [0, 0, 0, 1, 0x7F] + [UInt8](repeating: 0xAA, count: 300_000), .malformed,
      "unknown message type 0x7F"),
  ])
  func `a breach is answered by ERROR, and the server goes on`(breach: Breach) async throws {
    try await withServer(agencies: 1) { server in
      try await server.withClient(1) { client in
        try await client.send(breach.sent)
        var message = try await client.receive()
        if case .welcome = message { message = try await client.receive() }
        #expect(message == .error(code: breach.code, reason: breach.reason))
        try await client.expect(nil)
      }
      try await server.withClient(1) { client in
        try await client.finish(with: try sampleBets(0..<1))
      }
    }
  }

  @Test func `batches before a breach are stored and answered`() async throws {
    try await withAgency { client, server in
      let bets = try sampleBets(0..<2)
      try await client.send(Frames.bet(bets[0], at: 0), Frames.bet(bets[1], at: 1), [0, 0, 0, 0])
      try await client.expect(.stored(2))
      try await client.expect(.error(code: .malformed, reason: "frame length 0: must be 1 to 7996"))
      #expect(try server.directory.read("bets.csv") == rows(bets))
    }
  }

  @Test func `an agency that goes away inside a batch stores nothing of it`() async throws {
    try await withServer(agencies: 1) { server in
      let batch = Frames.batch(try sampleBets(0..<3), at: 0)
      try await server.withAgency(1) { client in
        try await client.send(Array(batch.dropLast()))
        client.finishSending()
        try await client.expect(nil)
      }
      try await server.withClient(1) { client in
        try await client.expect(.welcome(), after: Frames.hello(1))
      }
    }
  }

  @Test func `a newer connection of an agency takes over`() async throws {
    try await withServer(agencies: 2) { server in
      let bets = try sampleBets(0..<2)
      let superseded = ServerMessage.superseded
      try await server.withAgency(1) { older in
        try await older.expect(.stored(1), after: Frames.bet(bets[0], at: 0))
        try await server.withClient(1) { newer in
          try await newer.expect(.welcome(1, last: bets[0]), after: Frames.hello(1))
          try await older.expect(superseded)
          try await older.expect(nil)
          try await newer.expect(.stored(2), after: Frames.bet(bets[1], at: 1))
        }
      }
    }
  }

  @Test func `also while the older one waits for the draw`() async throws {
    try await withAgency(agencies: 2) { older, server in
      try await older.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
      try await server.withAgency(1) { newer in
        try await older.expect(.superseded)
        try await newer.send(Frames.winnersQuery)
        try await server.withClient(2) { try await $0.finish(with: []) }
        try await newer.expect(.winners(more: false, documents: []))
      }
    }
  }

  @Test func `a connection that finds its claim lost is told so at once`() async throws {
    let superseded = ServerMessage.superseded
    for frame in [Frames.bet(try sampleBet(), at: 0), Frames.finished(0)] {
      try await withAgency { client, server in
        server.stealClaim(of: 1)
        try await client.expect(superseded, after: frame)
        try await client.expect(nil)
      }
    }
  }
}
