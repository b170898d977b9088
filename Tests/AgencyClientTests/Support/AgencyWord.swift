import LotteryProtocol
import TestSupport
import Testing

/// What an agency says, its bets read out.
enum AgencyWord: Equatable {
  case message(AgencyMessage)
  case bet(Bet, offset: UInt64)
  case batch([Bet], offset: UInt64)

  static let winnersQuery = message(.winnersQuery)
  static func hello(agency: UInt32) -> Self { .message(.hello(agency: agency, key: "")) }
  static func finished(total: UInt64) -> Self { .message(.finished(total: total)) }

  /// Reads a frame, its header left out.
  init(frame: Span<UInt8>) throws {
    let message = try AgencyMessage(frame: frame)
    guard case .bets(let batch) = message else {
      self = .message(message)
      return
    }
    var bets: [Bet] = []
    let bad = try batch.forEachBet(in: frame) { _, located in
      bets.append(Bet(located, in: frame))
    }
    #expect(bad == nil)
    self = batch.isSingle ? .bet(bets[0], offset: batch.offset) : .batch(bets, offset: batch.offset)
  }
}

/// The server's end of one connection to an agency.
extension Peer {
  /// Sends messages, all at once.
  func send(_ messages: ServerMessage...) async throws {
    try await send(messages.frames)
  }

  /// The agency's next message, or nil if it has closed the connection.
  func receiveWord() async throws -> AgencyWord? {
    try await receiveFrame().map { try AgencyWord(frame: $0.span) }
  }

  /// Requires the agency to say `words` next, nil being the connection's end.
  func require(
    _ words: AgencyWord?..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for expected in words {
      let word = try await receiveWord()
      try #require(word == expected, sourceLocation: sourceLocation)
    }
  }

  /// Requires HELLO of agency 1, and answers that `bets` are stored.
  func welcome(
    _ bets: [Bet] = [], state: AgencyState = .open,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await require(.hello(agency: 1), sourceLocation: sourceLocation)
    let stored = UInt64(bets.count)
    try await send(.welcome(version: 1, state: state, stored: stored, lastBet: bets.last))
  }

  /// Answers HELLO that `stored` bets are stored, and requires BET after them.
  func take(_ bet: Bet, at offset: UInt64, after stored: [Bet] = []) async throws {
    try await welcome(stored)
    try await require(.bet(bet, offset: offset))
  }

  /// Requires FINISHED and WINNERS?, and answers both.
  func finish(
    total: UInt64, winners: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await require(.finished(total: total), .winnersQuery, sourceLocation: sourceLocation)
    try await send(.confirmed, .winners(more: false, documents: winners))
    try await require(nil, sourceLocation: sourceLocation)
  }
}
