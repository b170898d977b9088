// The rules of an agency that sends one bet (exercise 5), so that it is stored once, over as many
// connections as it takes. Like `LotteryConversation` it performs no I/O and knows no clock.
//
// A bet sent at offset N is stored as the agency's bet number N or not at all. Once a new
// connection has received WELCOME, the server stores nothing more that was sent over an older one.
// So WELCOME tells whether a bet that was sent before is stored: by the number of bets and by the
// last of them, which is the only one that WELCOME contains. If there are more bets after number N,
// nothing tells. After WELCOME with `stored`:
//
//   the bet was sent, unanswered, at   the last bet      effect
//   –                                  any               send at `stored`
//   `stored` or later                  any               send at `stored`: it was not stored
//   `stored` − 1                       this one          stored
//   `stored` − 1                       another           send at `stored`: that one has its number
//   before                             any               overtaken
//
// If the last bet equals this one, it counts as this one, although another process may have placed
// an equal bet at the same offset.

import LotteryProtocol

/// A conversation about one bet with the server, over as many connections as it takes.
struct BetConversation: Conversation {
  /// What a message asks the agency to do.
  enum Effect: Equatable {
    /// Send this frame. The bet counts as sent.
    case send([UInt8])
    /// Nothing more: the bet is stored.
    case stored
  }

  private enum Phase {
    /// HELLO is the first message of a connection, and WELCOME its answer.
    case greeting
    /// BET has been sent, and is not answered yet. `end` counts the bets up to it.
    case delivering(end: UInt64)
    case over
  }

  let bet: Bet
  private let agency: UInt32
  private let key: String
  private var phase = Phase.greeting
  /// The offset at which the bet was sent last, over any connection. Nil if it was not sent, or has
  /// been answered.
  private var unanswered: UInt64?
  /// How many bets of this agency the server had before this one.
  private(set) var earlierBets: UInt64 = 0

  init(_ bet: Bet, agency: UInt32, key: String) {
    self.bet = bet
    self.agency = agency
    self.key = key
  }

  /// Whether the bet was sent and it is unknown whether it is stored.
  var isInDoubt: Bool { unanswered != nil }

  var awaited: MessageType { if case .greeting = phase { .welcome } else { .stored } }
  var isDrawing: Bool { false }

  mutating func hello() -> [UInt8] {
    phase = .greeting
    return .hello(agency, key: key)
  }

  mutating func receive(_ message: ServerMessage) throws(AgencyError) -> Effect {
    if case (.delivering, .rejected) = (phase, message) { unanswered = nil }
    try message.checkCodes()
    switch (phase, message) {
    case (.greeting, _):
      let (stored, lastBet) = try message.welcome()
      return try deliver(stored: stored, lastBet: lastBet)
    case (.delivering(let end), .stored(let stored)) where stored == end:
      unanswered = nil
      phase = .over
      return .stored
    case (.delivering(let end), _): throw .unexpected("STORED \(end) should answer BET")
    case (.over, _): throw .unexpected("nothing should follow the last STORED")
    }
  }

  private mutating func deliver(stored: UInt64, lastBet: Bet?) throws(AgencyError) -> Effect {
    if let offset = unanswered, offset < stored {
      if offset < stored - 1 { throw .overtaken(offset: offset, stored: stored) }
      if lastBet == bet {
        unanswered = nil
        phase = .over
        return .stored
      }
    }
    unanswered = stored
    earlierBets = stored
    // The server may send any number: a sum that wraps around is better than a crash.
    phase = .delivering(end: stored &+ 1)
    var frame: [UInt8] = []
    BetBatch.appendSingle(bet, offset: stored, to: &frame)
    return .send(frame)
  }
}
