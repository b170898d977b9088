import LotteryProtocol
import TestSupport
import Testing

@testable import AgencyClient

/// What a bet is sent after, and when. That it is stored once, whatever happens, is for the
/// simulation.
@Suite struct BetConversationTests {
  private var conversation: BetConversation
  private let bet: Bet

  init() throws {
    bet = try sampleBet(0)
    conversation = BetConversation(bet, agency: 1, key: "")
  }

  @Test mutating func `a bet is sent after the stored ones, and is in doubt until it is stored`()
    throws
  {
    #expect(!conversation.isInDoubt)
    #expect(try welcome(3, lastBet: bet) == .send(Frames.bet(bet, at: 3)))
    for answer in [.stored(3), .stored(5), .confirmed] as [ServerMessage] {
      #expect(throws: AgencyError.unexpected("STORED 4 should answer BET")) {
        try conversation.receive(answer)
      }
      #expect(conversation.isInDoubt)
    }
    #expect(try conversation.receive(.stored(4)) == .stored)
    #expect(!conversation.isInDoubt)
  }

  @Test(
    arguments: [
      (0, 1, 0), (2, 0, 2), (3, 0, 3), (3, 1, 3), (4, 1, 4), (4, 0, nil), (5, 0, nil), (5, 1, nil),
      (.max, 0, nil),
    ] as [(UInt64, Int, UInt64?)])
  mutating func `after a bet was sent at offset 3, WELCOME tells whether to send it again`(
    stored: UInt64, last: Int, offset: UInt64?
  ) throws {
    _ = try welcome(3, lastBet: nil)
    let lastBet = try sampleBet(last)
    if let offset {
      #expect(try welcome(stored, lastBet: lastBet) == .send(Frames.bet(bet, at: offset)))
    } else if stored == 4 {
      #expect(try welcome(stored, lastBet: lastBet) == .stored)
    } else {
      #expect(throws: AgencyError.overtaken(offset: 3, stored: stored)) {
        try welcome(stored, lastBet: lastBet)
      }
    }
    #expect(conversation.isInDoubt == (stored != 4 || last != 0))
  }

  @Test mutating func `a bet that was rejected leaves no doubt`() throws {
    _ = try welcome(3, lastBet: nil)
    #expect(throws: AgencyError.self) {
      try conversation.receive(.rejected(offset: 0, index: 0, code: .notStored, reason: ""))
    }
    #expect(try welcome(5, lastBet: sampleBet(1)) == .send(Frames.bet(bet, at: 5)))
  }

  @Test mutating func `the largest offsets do not crash it`() throws {
    for _ in 1...2 {
      #expect(try welcome(.max, lastBet: bet) == .send(Frames.bet(bet, at: .max)))
    }
  }

  /// What the conversation does after WELCOME over a new connection.
  private mutating func welcome(
    _ stored: UInt64, lastBet: Bet?
  ) throws -> BetConversation.Effect {
    _ = conversation.hello()
    return try conversation.receive(
      .welcome(version: 1, state: .open, stored: stored, lastBet: lastBet))
  }
}
