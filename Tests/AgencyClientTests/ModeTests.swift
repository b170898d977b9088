import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// The modes over real connections: what they log, when they connect again, and how long they go
/// on. Their rules are those of ``LotteryConversation`` and ``BetConversation``.
@Suite(.timeLimit(.minutes(10))) struct ModeTests {
  @Test func `bets, FINISHED and winners, with a window of batches in flight`() async throws {
    let agency = try TestAgency(.lottery, sampleBets(0..<7), window: 3)
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.require(agency.batch(0..<2), agency.batch(2..<4), agency.batch(4..<6))
      // Before it hears this, the agency has sent all that it may.
      #expect(!peer.hasAnswer)
      try await peer.send(.stored(2))
      try await peer.require(agency.batch(6..<7))
      try await peer.send(.stored(6), .stored(7))
      try await peer.finish(total: 7, winners: ["1", "3"])
    }
    #expect(outcome == nil)
    let lines = agency.lines
    #expect(
      try lines.results(of: "apuesta_enviada") == [2, 2, 2, 1].map { "success | cantidad: \($0)" })
    #expect(try lines.results(of: "consulta_ganadores") == ["success | cant_ganadores: 2"])
    #expect(
      try lines.results(of: "close_file") == ["success | client_id: 1 | file: \(agency.path)"])
    #expect(try lines.results(of: "close_socket") == ["success | client_id: 1"])
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
  func `after a transient failure it connects again, and sends what was lost`(
    last: [UInt8], error: String
  ) async throws {
    let agency = try TestAgency(.lottery, sampleBets(0..<3), maxAmount: 1, window: 2)
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(agency.batch(0..<1), agency.batch(1..<2))
        try await peer.send(.stored(1))
        try await peer.require(agency.batch(2..<3))
        try await peer.send(last)
      }
      try await server.withConnection { peer in
        // What it heard before does not count: what the server says now does.
        try await peer.welcome()
        try await peer.require(agency.batch(0..<1), agency.batch(1..<2))
        try await peer.send(.stored(2))
        try await peer.require(agency.batch(2..<3))
        try await peer.send(.stored(3))
        try await peer.finish(total: 3)
      }
    }
    #expect(outcome == nil)
    let retries = try agency.lines.results(of: "retry")
    #expect(retries.count == 1)
    #expect(retries.first?.hasSuffix("error: \(error)") == true, "\(retries)")
    #expect(
      try agency.lines.results(of: "lost_bets")
        == ["fail | error: the server holds 0 bets of 1 it had acknowledged"])
    #expect(try agency.lines.results(of: "close_socket").count == 2)
  }

  @Test func `each STORED restarts the limit`() async throws {
    // Each pause takes at least 8 seconds.
    let retry = RetryPolicy(limit: .seconds(20), pause: .seconds(16), maxPause: .seconds(16))
    let agency = try TestAgency(
      .lottery, sampleBets(0..<5), maxAmount: 1, window: 1, retry: retry,
      clock: TestClock())
    let outcome = try await agency.run { server in
      for index in 0..<4 {
        try await server.withConnection { peer in
          try await peer.welcome(Array(agency.bets[..<index]))
          try await peer.require(agency.batch(index..<(index + 1)))
          try await peer.send(.stored(UInt64(index + 1)))
          try await peer.require(agency.batch((index + 1)..<(index + 2)))
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

  @Test func `the wait for the draw leaves the limit as it is`() async throws {
    let clock = TestClock()
    let limit = Duration.seconds(20)
    let agency = try TestAgency(
      .lottery, sampleBets(0..<1), retry: RetryPolicy(limit: limit, pause: .seconds(1)),
      clock: clock)
    let outcome = try await agency.run { server in
      for isLast in [false, true] {
        try await server.withConnection { peer in
          try await peer.welcome(agency.bets)
          try await peer.require(Frames.finished(1), Frames.winnersQuery)
          try await peer.send(.confirmed)
          if isLast { return try await peer.send(.winners(more: false, documents: [])) }
          for _ in 0..<100 {
            clock.advance(by: limit / 50)
            try await Task.sleep(for: .milliseconds(1))
          }
        }
      }
    }
    #expect(outcome == nil)
  }

  @Test func `a bet is sent after the stored ones until it is stored, and logged once`()
    async throws
  {
    let bet = try sampleBet(7)
    let agency = try TestAgency(.bet, [bet])
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.take(bet, after: sampleBets(0..<3))
        try await peer.send(
          .rejected(offset: 3, index: 0, code: .notStored, reason: "disk full"))
        try await peer.requireEnd()
      }
      // The answer is lost.
      try await server.withConnection { try await $0.take(bet, after: sampleBets(0..<4)) }
      try await server.withConnection { peer in
        try await peer.welcome(sampleBets(0..<4) + [bet])
        try await peer.requireEnd()
      }
    }
    #expect(outcome == nil)
    let lines = agency.lines
    #expect(try lines.results(of: "apuesta_enviada") == ["success | dni: 30000007 | numero: 1"])
    #expect(try lines.results(of: "earlier_bets").first?.hasPrefix("success | cantidad: 4") == true)
    #expect(try lines.results(of: "retry").count == 2)
  }

  @Test func `a bet is in doubt, and not sent again, if other bets follow it`() async throws {
    let bet = try sampleBet(7)
    let agency = try TestAgency(.bet, [bet])
    let outcome = try await agency.run { server in
      try await server.withConnection { try await $0.take(bet) }
      try await server.withConnection { peer in
        try await peer.welcome([bet, sampleBet(1)])
        try await peer.requireEnd()
      }
    }
    let doubt = AgencyError.inDoubt(.overtaken(offset: 0, stored: 2))
    #expect(outcome == doubt)
    #expect(
      try agency.lines.results(of: "apuesta_enviada")
        == ["fail | dni: 30000007 | numero: 1 | error: \(doubt)"])
  }

  @Test(arguments: [2, 0])
  func `each line of the echo has a connection of its own, and may come back in pieces`(
    count: Int
  ) async throws {
    let agency = try TestAgency(.echo(lines: count))
    let texts = (0..<count).map { "[CLIENT 1] Message N°\($0 + 1)" }
    let outcome = try await agency.run { server in
      for text in texts {
        try await server.withConnection { peer in
          let line = try await peer.receiveLine()
          #expect(line == text + "\n")
          for byte in line.utf8 { try await peer.send([byte]) }
          try await peer.requireEnd()
        }
      }
    }
    #expect(outcome == nil)
    let lines = agency.lines
    #expect(
      try lines.results(of: "receive_message")
        == texts.map { "success | client_id: 1 | msg: \($0)" })
    #expect(try lines.results(of: "loop_finished") == ["success | client_id: 1"])
    #expect(try lines.results(of: "close_socket").count == count)
  }

  @Test(
    arguments: [
      (1000, 250, 1000, 2.0, "1000 bets, 25 %, 500 bets/s, 6 s left"),
      (0, 0, 1000, 1.0, "0 bets, 0 %, 0 bets/s, 0 s left"),
      (10, 1000, 1000, 0.0, "10 bets, 100 %, 0 bets/s, 0 s left"),
      // A pipe has no size, and a file may grow.
      (10, 500, 0, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left"),
      (10, 2000, 1000, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left"),
    ] as [(UInt64, Int, Int, Double, String)])
  func `progress shows bets, share of the file, rate, time left, batches in flight`(
    bets: UInt64, position: Int, size: Int, seconds: Double, expected: String
  ) {
    let text = Progress.text(
      bets: bets, position: position, fileSize: size, inFlight: 16, elapsed: .seconds(seconds))
    #expect(text == expected + ", 16 batches in flight")
  }
}
