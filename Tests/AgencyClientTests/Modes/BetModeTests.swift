import LotteryProtocol
import Testing

@testable import AgencyClient

@Suite("Mode bet", .timeLimit(.minutes(1)))
struct BetModeTests {
  private let bet: Bet
  private let lines: LoggedLines

  init() throws {
    bet = try sampleBet(7)
    lines = try LoggedLines()
  }

  @Test("the bet is sent behind those that the server has, and logged once it is stored")
  func stored() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome(sampleBets(0..<3))
        try await peer.expect(.bet(bet, offset: 3))
        try await peer.send(.stored(4))
        try await peer.expect(nil)
      }
    }
    #expect(outcome == nil)
    #expect(try lines.about("apuesta_enviada") == ["success | dni: 30000007 | numero: 7"])
  }

  @Test("an answer that is lost after the bet was stored does not have it sent twice")
  func lostAnswer() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.expect(.bet(bet, offset: 0))
      }
      try await server.withConnection { peer in
        try await peer.welcome([bet])
        try await peer.expect(nil)
      }
    }
    #expect(outcome == nil)
    #expect(try lines.about("apuesta_enviada").count == 1)
    #expect(try lines.about("retry").count == 1)
  }

  @Test("a bet that was lost before it was stored is sent again")
  func lostBet() async throws {
    let outcome = try await run { server in
      for answer in [nil, ServerMessage.stored(1)] {
        try await server.withConnection { peer in
          try await peer.welcome()
          try await peer.expect(.bet(bet, offset: 0))
          if let answer { try await peer.send(answer) }
        }
      }
    }
    #expect(outcome == nil)
    #expect(try lines.about("apuesta_enviada").count == 1)
  }

  @Test(
    "what the server finds bad ends it, and is not logged as sent",
    arguments: [
      (
        .rejected(offset: 0, index: 0, code: .agencyFinished, reason: "why"),
        .rejected(.agencyFinished, offset: 0, index: 0, reason: "why")
      ),
      (.error(code: .superseded, reason: "why"), .refused(.superseded, reason: "why")),
      (.stored(2), .unexpected("STORED 1 should answer BET")),
      (.stored(0), .unexpected("STORED 1 should answer BET")),
      (.confirmed, .unexpected("STORED 1 should answer BET")),
    ] as [(ServerMessage, AgencyError)])
  func refused(answer: ServerMessage, error: AgencyError) async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await peer.expect(.bet(bet, offset: 0))
        try await peer.send(answer)
        try await peer.expect(nil)
      }
    }
    #expect(outcome == error)
    #expect(try lines.about("apuesta_enviada").isEmpty)
    #expect(try lines.about("retry").isEmpty)
  }

  private func run(
    _ script: (ScriptedServer) async throws -> Void
  ) async throws -> AgencyError? {
    try await outcome(
      of: { [bet, log = lines.log] endpoint, worker in
        var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        configuration.retry = .soon
        try await BetMode(configuration: configuration, key: "", bet: bet, worker: worker, log: log)
          .run()
      }, script: script)
  }
}
