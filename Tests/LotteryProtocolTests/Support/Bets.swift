import TestSupport

@testable import LotteryProtocol

extension BatchBuilder {
  /// Adds `bet`, for tests that do not care where its texts are.
  mutating func append(_ bet: Bet, offset: UInt64, to bytes: inout [UInt8]) {
    append(bet.view, in: bet.texts.span, offset: offset, to: &bytes)
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

/// The bytes that `text` writes in hexadecimal, blanks between them ignored.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { $0 != " " }.compactMap(\.hexDigitValue)
  precondition(digits.count % 2 == 0, "half a byte")
  return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
