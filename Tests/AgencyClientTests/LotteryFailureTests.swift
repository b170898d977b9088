import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(1))) struct LotteryFailureTests {
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

  @Test(arguments: ErrorCode.allCases.filter { $0 != .shuttingDown && $0 != .tooSlow })
  func `an ERROR that is not transient ends it`(code: ErrorCode)
    async throws
  {
    let agency = try LotteryAgency(sampleBets(0..<1))
    let outcome = try await agency.serve { peer in
      try await peer.welcome()
      try await peer.require(agency.batch(of: 0))
      try await peer.send(.error(code: code, reason: "why"))
      try await peer.require(nil)
    }
    #expect(outcome == .refused(code, reason: "why"))
    #expect(try agency.lines.results(of: "retry").isEmpty)
  }

  @Test(
    arguments: [
      ([], [.confirmed], "WELCOME should answer HELLO"),
      (
        [], [.welcome(version: 2, state: .open, stored: 0, lastBet: nil)],
        "WELCOME has version 2, not 1"
      ),
      ([.hello], [.confirmed], "STORED should answer BATCH"),
      ([.hello], [.stored(0)], "STORED 0 answers no batch"),
      ([.hello], [.stored(1)], "STORED 1 answers no batch"),
      ([.hello], [.stored(4)], "STORED 4 answers no batch"),
      ([.hello], [.stored(2), .stored(2)], "STORED 2 answers no batch"),
      ([.hello, .bets], [.stored(3)], "CONFIRMED should answer FINISHED"),
      (
        [.hello, .bets], [.winners(more: false, documents: [])], "CONFIRMED should answer FINISHED"
      ),
      ([.hello, .bets], [.confirmed, .confirmed], "WINNERS should answer WINNERS?"),
      (
        [.hello, .bets],
        [.confirmed, .winners(more: true, documents: ["1"]), .winners(more: true, documents: [])],
        "WINNERS without winners, but with more to come"
      ),
    ] as [([Answered], [ServerMessage], String)])
  func `an answer that does not fit ends it`(
    answered: [Answered], messages: [ServerMessage], what: String
  ) async throws {
    let bytes = messages.frames
    #expect(try await Self.outcome(of: bytes, after: answered) == .unexpected(what))
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
    let outcome = try await Self.outcome(of: bytes, after: [.hello])
    #expect(outcome == .unexpected(what))
    #expect(outcome?.exitStatus == .protocolError)
  }

  @Test func `SIGTERM ends it while it waits for its winners`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<1))
    let outcome = try await agency.run { server in
      try await server.withConnection { peer in
        try await peer.welcome(agency.bets)
        try await peer.require(.finished(total: 1), .winnersQuery)
        try await peer.send(.confirmed)
        server.agency.cancel()
        _ = await server.agency.value
      }
    }
    #expect(outcome == .cancelled)
    #expect(try agency.lines.results(of: "close_file").count == 1)
    #expect(try agency.lines.results(of: "close_socket").count == 1)
  }

  @Test func `a server that cannot be reached ends it after the limit`() async throws {
    let agency = try LotteryAgency(
      sampleBets(0..<1),
      retry: RetryPolicy(limit: .seconds(20), pause: .seconds(1), maxPause: .seconds(5)),
      clock: TestClock(advancingAt: 1))
    // The server stops listening before it has accepted the agency's connection.
    let outcome = try await agency.run { _ in }
    guard case .gaveUp(_, .unreachable)? = outcome else {
      Issue.record("\(outcome as Any)")
      return
    }
    #expect(try !agency.lines.results(of: "retry").isEmpty)
  }

  /// What the server has answered before it begins to talk nonsense.
  enum Answered {
    case hello, bets
  }

  /// How an agency of three bets ends to which the server says `bytes` after it has `answered`.
  private static func outcome(
    of bytes: [UInt8], after answered: [Answered]
  ) async throws -> AgencyError? {
    let agency = try LotteryAgency(sampleBets(0..<3))
    let outcome = try await agency.serve { peer in
      if answered.contains(.hello) {
        try await peer.welcome()
        try await peer.require(agency.batch(0..<2), agency.batch(of: 2))
      } else {
        try await peer.require(.hello(agency: 1))
      }
      if answered.contains(.bets) {
        try await peer.send(.stored(3))
        try await peer.require(.finished(total: 3), .winnersQuery)
      }
      try await peer.send(bytes)
      try await peer.require(nil)
    }
    #expect(try agency.lines.results(of: "retry").isEmpty)
    return outcome
  }
}
