import TestSupport

@testable import LotteryProtocol

extension Bet {
  /// The bet as the rest of the program passes bets on: its texts laid out in bytes.
  func located() throws -> (bet: BetView, source: [UInt8]) {
    let first = Array(firstName.utf8)
    let last = Array(lastName.utf8)
    let source = first + last + Array(document.utf8)
    let bet = try BetView(
      firstName: 0..<first.count, lastName: first.count..<(first.count + last.count),
      document: (first.count + last.count)..<source.count,
      birthdate: birthdate, number: number, in: source.span)
    return (bet, source)
  }
}

extension BatchBuilder {
  /// Adds `bet`, for tests that do not care where its texts are.
  mutating func append(_ bet: Bet, offset: UInt64, to bytes: inout [UInt8]) throws {
    let (located, source) = try bet.located()
    append(located, in: source.span, offset: offset, to: &bytes)
  }
}

/// Decodes what an agency sent as far as the server does: a batch's bets too.
///
/// - Returns: the message, its bets, and the first bet that breaks a rule.
func decodeFromAgency(
  _ frame: [UInt8]
) throws(WireError) -> (message: AgencyMessage, bets: [Bet], bad: BetBatch.BadBet?) {
  let message = try AgencyMessage(frame: frame.span)
  guard case .bets(let batch) = message else { return (message, [], nil) }
  var bets: [Bet] = []
  let bad = try batch.forEachBet(in: frame.span) { index, located in
    precondition(index == bets.count, "bets out of order")
    bets.append(Bet(located, in: frame.span))
  }
  return (message, bets, bad)
}
