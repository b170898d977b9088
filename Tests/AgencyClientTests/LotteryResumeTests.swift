import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// How mode lottery goes on after a failure.
@Suite(.timeLimit(.minutes(1))) struct LotteryResumeTests {
  @Test(arguments: [1, 2, 3])
  func `it goes on from what the server has stored`(stored: Int) async throws {
    let agency = try LotteryAgency(sampleBets(0..<3), maxAmount: 1)
    let outcome = try await agency.serve { peer in
      try await peer.welcome(Array(agency.bets[..<stored]))
      for index in stored..<3 { try await peer.require(agency.batch(of: index)) }
      if stored < 3 { try await peer.send(.stored(3)) }
      try await peer.finish(total: 3)
    }
    #expect(outcome == nil)
  }

  @Test func `if the server's last bet is another, nothing is sent`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<3))
    let outcome = try await agency.serve { peer in
      try await peer.welcome(sampleBets(10..<12))
      try await peer.require(nil)
    }
    #expect(
      outcome
        == .otherFile(
          path: agency.path, reason: "the server stored another bet than the one on line 2"))
    #expect(try agency.lines.results(of: "close_file").count == 1)
  }

  @Test func `if the server has more bets than the file, nothing is sent`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<3))
    let outcome = try await agency.serve { peer in
      try await peer.welcome(sampleBets(0..<4))
      try await peer.require(nil)
    }
    #expect(outcome?.exitStatus == .otherFile)
  }

  @Test(arguments: BadMoment.allCases)
  func `after a transient failure it connects again and goes on`(_ moment: BadMoment) async throws {
    let agency = try LotteryAgency(sampleBets(0..<3), maxAmount: 1, window: 2)
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(agency.batch(of: 0), agency.batch(of: 1))
        try await peer.send(.stored(1))
        try await peer.require(agency.batch(of: 2))
        try await peer.send(moment.bytes)
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
    #expect(retries.first?.hasSuffix("error: \(moment.error)") == true, "\(retries)")
    #expect(try agency.lines.results(of: "close_socket").count == 2)
  }

  @Test func `a connection that ends instead of the winners is made again`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<3))
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome(agency.bets)
        try await peer.require(.finished(total: 3), .winnersQuery)
        try await peer.send(.confirmed, .winners(more: true, documents: ["1", "2"]))
      }
      try await server.withConnection { peer in
        try await peer.welcome(agency.bets, state: .drawn)
        try await peer.finish(total: 3, winners: ["1", "2", "3"])
      }
    }
    #expect(outcome == nil)
    #expect(try agency.lines.results(of: "consulta_ganadores") == ["success | cant_ganadores: 3"])
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

  @Test func `bets that WELCOME had acknowledged count as well`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<3))
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome(agency.bets)
        try await peer.require(.finished(total: 3), .winnersQuery)
        try await peer.send(.confirmed)
      }
      try await server.withConnection { peer in
        try await peer.welcome(Array(agency.bets[..<1]))
        try await peer.require(.batch(Array(agency.bets[1...]), offset: 1))
        try await peer.send(.stored(3))
        try await peer.finish(total: 3)
      }
    }
    #expect(outcome == nil)
    #expect(
      try agency.lines.results(of: "lost_bets")
        == ["fail | error: the server holds 1 bets of 3 it had acknowledged"])
  }

  /// What befalls a connection and passes.
  enum BadMoment: CaseIterable {
    case closed, closedInFrame, notStored, outOfSequence, shuttingDown, tooSlow

    /// What the server sends before it closes.
    var bytes: [UInt8] {
      var bytes: [UInt8] = []
      switch self {
      case .closed: break
      case .closedInFrame:
        ServerMessage.stored(2).append(to: &bytes)
        bytes.removeLast(3)
      case .notStored:
        ServerMessage.rejected(offset: 1, index: 0, code: .notStored, reason: "disk full")
          .append(to: &bytes)
      case .outOfSequence:
        ServerMessage.rejected(offset: 2, index: 0, code: .outOfSequence, reason: "offset 2")
          .append(to: &bytes)
      case .shuttingDown:
        ServerMessage.error(code: .shuttingDown, reason: "shutting down").append(to: &bytes)
      case .tooSlow: ServerMessage.error(code: .tooSlow, reason: "too slow").append(to: &bytes)
      }
      return bytes
    }

    /// How the agency's log tells of it.
    var error: String {
      switch self {
      case .closed, .closedInFrame: "the connection ended: the server closed it"
      case .notStored: "the server rejected bet 1 (REJECTED 2): disk full"
      case .outOfSequence: "the server rejected bet 2 (REJECTED 3): offset 2"
      case .shuttingDown: "the server refused (ERROR 8): shutting down"
      case .tooSlow: "the server refused (ERROR 9): too slow"
      }
    }
  }
}
