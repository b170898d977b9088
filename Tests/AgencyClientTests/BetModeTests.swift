import LotteryCore
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Mode bet.
@Suite(.timeLimit(.minutes(1))) struct BetModeTests {
  private let bet: Bet
  private let lines: LogFile

  init() throws {
    bet = try sampleBet(7)
    lines = try LogFile(.go, level: .debug)
  }

  @Test func `the bet is sent after the stored ones, and logged once it is stored`() async throws {
    let outcome = try await serve { peer in
      try await peer.welcome(sampleBets(0..<3))
      try await peer.require(.bet(bet, offset: 3))
      try await peer.send(.stored(4))
      try await peer.require(nil)
    }
    #expect(outcome == nil)
    #expect(try lines.results(of: "apuesta_enviada") == ["success | dni: 30000007 | numero: 7"])
  }

  @Test func `a lost answer to a stored bet does not have it sent twice`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(.bet(bet, offset: 0))
      }
      try await server.withConnection { peer in
        try await peer.welcome([bet])
        try await peer.require(nil)
      }
    }
    #expect(outcome == nil)
    #expect(try lines.results(of: "apuesta_enviada").count == 1)
    #expect(try lines.results(of: "retry").count == 1)
  }

  @Test func `the same bet placed twice on purpose is stored twice`() async throws {
    let outcome = try await serve { peer in
      try await peer.welcome([bet])
      try await peer.require(.bet(bet, offset: 1))
      try await peer.send(.stored(2))
      try await peer.require(nil)
    }
    #expect(outcome == nil)
    #expect(try lines.results(of: "apuesta_enviada").count == 1)
  }

  @Test func `the same bet in WELCOME is another one before this one was sent`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in try await peer.require(.hello(agency: 1)) }
      try await server.withConnection { peer in
        try await peer.welcome([bet])
        try await peer.require(.bet(bet, offset: 1))
        try await peer.send(.stored(2))
      }
    }
    #expect(outcome == nil)
  }

  @Test func `a name that looks the same in other bytes is not this bet`() async throws {
    let bet = try namedBet("Jos\u{E9}")
    let decomposed = try namedBet("Jose\u{301}")
    let outcome = try await run(bet) { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(.bet(bet, offset: 0))
      }
      try await server.withConnection { peer in
        try await peer.welcome([decomposed])
        try await peer.require(.bet(bet, offset: 1))
        try await peer.send(.stored(2))
      }
    }
    #expect(outcome == nil)
  }

  @Test func `the bet is sent again if another bet is stored at its offset`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(.bet(bet, offset: 0))
      }
      try await server.withConnection { peer in
        try await peer.welcome([sampleBet(1)])
        try await peer.require(.bet(bet, offset: 1))
        try await peer.send(.stored(2))
      }
    }
    #expect(outcome == nil)
  }

  @Test func `it is in doubt, and not sent again, if other bets follow it`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(.bet(bet, offset: 0))
      }
      try await server.withConnection { peer in
        try await peer.welcome([bet, sampleBet(1)])
        try await peer.require(nil)
      }
    }
    #expect(outcome == .inDoubt(.overtaken(offset: 0, stored: 2)))
    #expect(
      try lines.results(of: "apuesta_enviada") == [
        "fail | dni: 30000007 | numero: 7 | error: unknown whether the bet is stored: "
          + "it was sent as bet 0, and the server's last bet is 1"
      ])
  }

  @Test func `it is in doubt if the server never answers it`() async throws {
    let time = ManualTime()
    let outcome = try await serve(time: time) { peer in
      try await peer.welcome()
      try await peer.require(.bet(bet, offset: 0))
      try await time.pass(.seconds(60), waitingFor: "STORED")
      try await peer.require(nil)
    }
    #expect(outcome == .inDoubt(.gaveUp(after: "1m0s", .noAnswer(waitedFor: "STORED"))))
    #expect(outcome?.exitStatus == .inDoubt)
  }

  @Test func `SIGTERM while it is in doubt ends it well, and the log says so`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(.bet(bet, offset: 0))
        server.agency.cancel()
        try await peer.require(nil)
      }
    }
    #expect(outcome == .cancelled)
    #expect(
      try lines.results(of: "apuesta_enviada") == [
        "fail | dni: 30000007 | numero: 7 | error: unknown whether the bet is stored: cancelled"
      ])
  }

  @Test func `a bet that a full disk rejected is not in doubt and sent again`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.require(.bet(bet, offset: 0))
        try await peer.send(.rejected(offset: 0, index: 0, code: .notStored, reason: "disk full"))
        try await peer.require(nil)
      }
      try await server.withConnection { peer in
        try await peer.welcome(sampleBets(0..<2))
        try await peer.require(.bet(bet, offset: 2))
        try await peer.send(.stored(3))
      }
    }
    #expect(outcome == nil)
  }

  @Test func `a bet that was lost before it was stored is sent again`() async throws {
    let outcome = try await run { server in
      for answer in [nil, ServerMessage.stored(1)] {
        try await server.withConnection { peer in
          try await peer.welcome()
          try await peer.require(.bet(bet, offset: 0))
          if let answer { try await peer.send(answer) }
        }
      }
    }
    #expect(outcome == nil)
    #expect(try lines.results(of: "apuesta_enviada").count == 1)
  }

  @Test(
    arguments: [
      (
        .rejected(offset: 0, index: 0, code: .agencyFinished, reason: "why"),
        .rejected(.agencyFinished, offset: 0, index: 0, reason: "why")
      ),
      (
        .error(code: .superseded, reason: "why"),
        .inDoubt(.refused(.superseded, reason: "why"))
      ),
      (.stored(2), .inDoubt(.unexpected("STORED 1 should answer BET"))),
      (.stored(0), .inDoubt(.unexpected("STORED 1 should answer BET"))),
      (.confirmed, .inDoubt(.unexpected("STORED 1 should answer BET"))),
    ] as [(ServerMessage, AgencyError)])
  func `what the server finds bad ends it, and is not logged as sent`(
    answer: ServerMessage, error: AgencyError
  ) async throws {
    let outcome = try await serve { peer in
      try await peer.welcome()
      try await peer.require(.bet(bet, offset: 0))
      try await peer.send(answer)
      try await peer.require(nil)
    }
    #expect(outcome == error)
    let isInDoubt = error.exitStatus == .inDoubt
    #expect(
      try lines.results(of: "apuesta_enviada").count { $0.hasPrefix("fail") } == (isInDoubt ? 1 : 0)
    )
    #expect(try !lines.results(of: "apuesta_enviada").contains { $0.hasPrefix("success") })
    #expect(try lines.results(of: "retry").isEmpty)
  }

  private func namedBet(_ name: String) throws -> Bet {
    try Bet(
      firstName: name, lastName: "P", document: "1", birthdate: "2000-01-01",
      number: "1")
  }

  private func serve(
    _ bet: Bet? = nil, time: ManualTime = ManualTime(advancingWithDelays: true),
    _ script: (Peer) async throws -> Void
  ) async throws -> AgencyError? {
    try await run(bet, time: time) { try await $0.withConnection(script) }
  }

  private func run(
    _ bet: Bet? = nil, time: ManualTime = ManualTime(advancingWithDelays: true),
    _ script: (ScriptedServer) async throws -> Void
  ) async throws -> AgencyError? {
    try await outcome(
      of: { [bet = bet ?? self.bet, log = lines.log] endpoint, worker in
        let configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        let agency = time.agency(configuration, worker: worker, log: log)
        try await BetMode(agency: agency, bet: bet).run()
      }, script: script)
  }
}
