import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Mode lottery over real connections: its driver, its log lines, and servers that break the
/// protocol. Its rules are those of ``LotteryConversation``, which has tests of its own.
@Suite(.timeLimit(.minutes(10))) struct LotteryModeTests {
  @Test func `bets, FINISHED and winners, with a window of batches in flight`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<5))
    let bets = agency.bets
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.require(agency.batch(0..<2), agency.batch(2..<4), agency.batch(of: 4))
      try await peer.send(.stored(2), .stored(4), .stored(5))
      try await peer.finish(total: 5, winners: [bets[1].document, bets[3].document])
    }
    #expect(outcome == nil)
    #expect(
      try agency.lines.results(of: "apuesta_enviada")
        == ["success | cantidad: 2", "success | cantidad: 2", "success | cantidad: 1"])
    #expect(try agency.lines.results(of: "consulta_ganadores") == ["success | cant_ganadores: 2"])
    #expect(
      try agency.lines.results(of: "close_file") == [
        "success | client_id: 1 | file: \(agency.path)"
      ])
    #expect(try agency.lines.results(of: "close_socket") == ["success | client_id: 1"])
  }

  @Test func `no more batches are in flight than the configuration says`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<10), maxAmount: 1, window: 2)
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.require(agency.batch(of: 0), agency.batch(of: 1))
      try await peer.send(.stored(1))
      try await peer.require(agency.batch(of: 2))
      // Before it hears this, the agency has sent all that it may.
      try await peer.send(
        .rejected(offset: 1, index: 0, code: .ruleBroken, reason: "that is enough"))
      try await peer.require(nil)
    }
    #expect(outcome?.exitStatus == .badData)
  }

  @Test(
    arguments: [
      // The connection ends within a message.
      (
        Array(ServerMessage.stored(2).frame.dropLast(3)),
        "the connection ended: the server closed it"
      ),
      (
        ServerMessage.rejected(offset: 1, index: 0, code: .notStored, reason: "disk full").frame,
        "the server rejected bet 1 (REJECTED 2): disk full"
      ),
    ])
  func `after a transient failure it connects again and goes on`(last: [UInt8], error: String)
    async throws
  {
    let agency = try LotteryAgency(sampleBets(0..<3), maxAmount: 1, window: 2)
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(agency.batch(of: 0), agency.batch(of: 1))
        try await peer.send(.stored(1))
        try await peer.require(agency.batch(of: 2))
        try await peer.send(last)
      }
      try await server.withConnection { peer in
        // What it heard before does not count: what the server says now does.
        try await peer.welcome(Array(agency.bets[..<2]))
        try await peer.require(agency.batch(of: 2))
        try await peer.send(.stored(3))
        try await peer.finish(total: 3)
      }
    }
    #expect(outcome == nil)
    let retries = try agency.lines.results(of: "retry")
    #expect(retries.count == 1)
    #expect(retries.first?.hasSuffix("error: \(error)") == true, "\(retries)")
    #expect(try agency.lines.results(of: "close_socket").count == 2)
  }

  @Test func `each STORED restarts the limit`() async throws {
    let agency = try LotteryAgency(
      sampleBets(0..<5), maxAmount: 1, window: 1,
      // Each pause takes at least 8 seconds.
      retry: RetryPolicy(limit: .seconds(20), pause: .seconds(16), maxPause: .seconds(16)),
      clock: TestClock(advancingAt: 1))
    let outcome = try await agency.run { server in
      for index in 0..<4 {
        try await server.withConnection { peer in
          try await peer.welcome(Array(agency.bets[..<index]))
          try await peer.require(agency.batch(of: index))
          try await peer.send(.stored(UInt64(index + 1)))
          try await peer.require(agency.batch(of: index + 1))
        }
      }
      try await server.withConnection { peer in
        try await peer.welcome(agency.bets)
        try await peer.finish(total: 5)
      }
    }
    #expect(outcome == nil)
    #expect(try agency.lines.results(of: "retry").count == 4)
  }

  @Test func `bets that the server acknowledged and lost are sent again and logged`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<3), maxAmount: 1, window: 1)
    let outcome = try await agency.run { server in
      for held in [[], [], agency.bets] {
        try await server.withConnection { peer in
          try await peer.welcome(held)
          for index in held.count..<3 {
            try await peer.require(agency.batch(of: index))
            if index < 2 { try await peer.send(.stored(UInt64(index + 1))) }
          }
          if held.count == 3 { try await peer.finish(total: 3) }
        }
      }
    }
    #expect(outcome == nil)
    // Of the third bet it has not heard.
    #expect(
      try agency.lines.results(of: "lost_bets")
        == ["fail | error: the server holds 0 bets of 2 it had acknowledged"])
  }

  @Test func `a bet that the server finds bad ends it, with the server's reason`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<4))
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.require(agency.batch(0..<2), .batch(Array(agency.bets[2...]), offset: 2))
      try await peer.send(
        .stored(2), .rejected(offset: 2, index: 1, code: .ruleBroken, reason: "document"))
      try await peer.require(nil)
    }
    #expect(outcome == .rejected(.ruleBroken, offset: 2, index: 1, reason: "document"))
    #expect(try agency.lines.results(of: "retry").isEmpty)
    #expect(try agency.lines.results(of: "close_file").count == 1)
    #expect(try agency.lines.results(of: "close_socket").count == 1)
  }

  @Test(
    arguments: [
      ([0, 0, 0, 0], "frame length 0: must be 1 to 7996"),
      ([0, 0, 0x1F, 0x3D], "frame length 7997: must be 1 to 7996"),
      ([0, 0, 0, 1, 0x03], "unknown message type 0x03"),
      ([0, 0, 0, 2, 0x82, 0], "STORED: the body is too short"),
      ([0, 0, 0, 2, 0x84, 0], "CONFIRMED: 1 bytes too many"),
    ] as [([UInt8], String)])
  func `bytes that are not a message end it`(bytes: [UInt8], what: String) async throws {
    let agency = try LotteryAgency(sampleBets(0..<1))
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.require(agency.batch(of: 0))
      try await peer.send(bytes)
      try await peer.require(nil)
    }
    #expect(outcome == .unexpected(what))
    #expect(try agency.lines.results(of: "retry").isEmpty)
    #expect(outcome?.exitStatus == .protocolError)
  }
}

@Suite struct ProgressTests {
  @Test(
    arguments: [
      (1000, 250, 1000, 2.0, "1000 bets, 25 %, 500 bets/s, 6 s left, 16 batches in flight"),
      (0, 0, 1000, 1.0, "0 bets, 0 %, 0 bets/s, 0 s left, 16 batches in flight"),
      (10, 1000, 1000, 0.0, "10 bets, 100 %, 0 bets/s, 0 s left, 16 batches in flight"),
      // A pipe has no size, and a file may grow.
      (10, 500, 0, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left, 16 batches in flight"),
      (10, 2000, 1000, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left, 16 batches in flight"),
    ] as [(UInt64, Int, Int, Double, String)])
  func `bets, share of the file, rate, time left, batches in flight`(
    bets: UInt64, position: Int, size: Int, seconds: Double, expected: String
  ) {
    let text = Progress.text(
      bets: bets, position: position, fileSize: size, inFlight: 16, elapsed: .seconds(seconds))
    #expect(text == expected)
  }
}
