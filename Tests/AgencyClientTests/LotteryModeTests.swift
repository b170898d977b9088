import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(1))) struct LotteryModeTests {
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

  @Test func `an agency without bets finishes all the same`() async throws {
    let agency = try LotteryAgency([])
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.finish(total: 0)
    }
    #expect(outcome == nil)
    #expect(try agency.lines.results(of: "consulta_ganadores") == ["success | cant_ganadores: 0"])
  }

  @Test func `one STORED answers several batches, and makes room for as many`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<5), maxAmount: 1, window: 3)
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      for index in 0..<3 { try await peer.require(agency.batch(of: index)) }
      try await peer.send(.stored(3))
      for index in 3..<5 { try await peer.require(agency.batch(of: index)) }
      try await peer.send(.stored(5))
      try await peer.finish(total: 5)
    }
    #expect(outcome == nil)
    #expect(
      try agency.lines.results(of: "apuesta_enviada")
        == Array(repeating: "success | cantidad: 1", count: 5))
  }

  @Test(arguments: [1, 2, 5])
  func `no more batches are in flight than the window has room for`(size: Int) async throws {
    let agency = try LotteryAgency(sampleBets(0..<10), maxAmount: 1, window: size)
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      for index in 0..<size { try await peer.require(agency.batch(of: index)) }
      try await peer.send(.stored(1))
      try await peer.require(agency.batch(of: size))
      // Before it hears this, the agency has sent all that it may.
      try await peer.send(
        .rejected(offset: 1, index: 0, code: .ruleBroken, reason: "that is enough"))
      try await peer.require(nil)
    }
    #expect(outcome?.exitStatus == .badData)
  }

  @Test func `a window of many packets is sent and stored, in order`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<20_000), maxAmount: 1000, window: 64)
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      var next = 0
      while next < agency.bets.count {
        guard case .batch(let bets, let offset)? = try await peer.receiveWord() else { break }
        #expect(offset == UInt64(next))
        #expect(bets == Array(agency.bets[next..<(next + bets.count)]))
        next += bets.count
        try await peer.send(.stored(UInt64(next)))
      }
      try await peer.finish(total: 20_000)
    }
    #expect(outcome == nil)
  }

  @Test func `winners come over several frames`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<3))
    let outcome = try await agency.serve { peer in
      try await peer.welcome(agency.bets, state: .drawn)
      try await peer.require(.finished(total: 3), .winnersQuery)
      try await peer.send(
        .confirmed, .winners(more: true, documents: ["1"]),
        .winners(more: true, documents: ["02"]))
      try await peer.send(.winners(more: false, documents: ["3"]))
      try await peer.require(nil)
    }
    #expect(outcome == nil)
    #expect(try agency.lines.results(of: "consulta_ganadores") == ["success | cant_ganadores: 3"])
  }

  @Test func `the bets before a bad row are stored before it ends the agency`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<3), appendix: "Ana\r\n")
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.require(agency.batch(0..<2), agency.batch(of: 2))
      try await peer.send(.stored(3))
      try await peer.require(nil)
    }
    #expect(
      outcome
        == .badRow(
          path: agency.path, line: 4,
          reason: "1 fields: must be 5 (first name, last name, document, birthdate, number)"))
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
