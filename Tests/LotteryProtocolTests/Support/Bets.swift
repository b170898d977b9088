import TestSupport

@testable import LotteryProtocol

/// Bets that tests speak of.
enum Bets {
  /// A bet with a letter of two bytes and a document with leading zeros.
  static func ana() throws -> Bet {
    try Bet(
      firstName: "Ana", lastName: "Ñu", document: "007",
      birthdate: "1999-03-17", number: "2201")
  }

  /// A bet whose fields are as small and as large as they may be.
  static func nameless() throws -> Bet {
    try Bet(
      firstName: "", lastName: "", document: "0",
      birthdate: "9999-12-31", number: "4294967295")
  }

  /// Any bet at all.
  static func random(using random: inout SeededGenerator) throws -> Bet {
    let year = Int.random(in: 1...9999, using: &random)
    let date = CalendarDate(
      year: UInt16(year), month: .random(in: 1...12, using: &random),
      day: .random(in: 1...28, using: &random))
    return try Bet(
      firstName: random.text(limit: 40), lastName: random.text(limit: 40),
      document: random.document(), birthdate: date.map(\.description) ?? "",
      number: "\(UInt32.random(in: 0 ... .max, using: &random))")
  }
}

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

extension SeededGenerator {
  /// A text of up to `limit` characters, quotes, separators and letters of several bytes among
  /// them.
  mutating func text(limit: Int) -> String {
    let alphabet: [Character] = ["a", "Z", " ", ",", "\"", "'", ";", "ñ", "é", "水", "🎲", "-", "0"]
    return String((0..<Int.random(in: 0...limit, using: &self)).map { _ in pick(alphabet) })
  }

  /// 1 to 20 digits.
  mutating func document() -> String {
    String((0..<Int.random(in: 1...20, using: &self)).map { _ in pick(Array("0123456789")) })
  }
}
