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

  // The server may say any number, and the largest must not crash the agency.
  @Test(arguments: [3, .max] as [UInt64])
  mutating func `a bet is sent after the stored ones, and is in doubt until it is stored`(
    stored: UInt64
  ) throws {
    #expect(!conversation.isInDoubt)
    let end = stored &+ 1
    for _ in 1...2 {
      #expect(try welcome(stored, lastBet: bet) == .send(Frames.bet(bet, at: stored)))
    }
    for answer in [.stored(stored), .stored(end + 1), .confirmed] as [ServerMessage] {
      #expect(throws: AgencyError.unexpected("STORED \(end) should answer BET")) {
        try conversation.receive(answer)
      }
      #expect(conversation.isInDoubt)
    }
    #expect(try conversation.receive(.stored(end)) == .stored)
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

  /// What the conversation does after WELCOME over a new connection.
  private mutating func welcome(
    _ stored: UInt64, lastBet: Bet?
  ) throws -> BetConversation.Effect {
    _ = conversation.hello()
    return try conversation.receive(
      .welcome(version: 1, state: .open, stored: stored, lastBet: lastBet))
  }
}
