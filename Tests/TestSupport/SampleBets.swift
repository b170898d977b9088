package import LotteryProtocol

/// A bet of `agency` that differs from its other bets in `index`. The name of every other one needs
/// quotes in a file.
package func sampleBet(
  _ index: Int = 0, of agency: UInt32 = 1, number: UInt32 = 1
) throws -> Bet {
  try Bet(
    firstName: "Name \(index)",
    lastName: index.isMultiple(of: 2) ? "Pérez" : "Pérez, \"the \(agency)th\"",
    document: "\(30_000_000 + index)", birthdate: "1999-12-31", number: "\(number)")
}

package func sampleBets(_ indices: Range<Int>, of agency: UInt32 = 1) throws -> [Bet] {
  try indices.map { try sampleBet($0, of: agency) }
}

/// A bet that takes `size` bytes on the wire, 12 to 522.
package func sizedBet(_ size: Int) throws -> Bet {
  // Three lengths, the date, the number and a document of one digit.
  let letters = size - 3 - 4 - 4 - 1
  let first = min(letters, ProtocolLimits.textSize)
  return try Bet(
    firstName: String(repeating: "a", count: first),
    lastName: String(repeating: "b", count: letters - first), document: "1",
    birthdate: "2000-01-01", number: "1")
}

/// Bets as rows of `bets.csv`.
package func rows(_ bets: some Sequence<Bet>, of agency: UInt32 = 1) -> [UInt8] {
  bets.reduce(into: []) { $0.append(csvRow: $1, agency: agency) }
}

/// Bets as an agency's file has them.
package func agencyFile(_ bets: [Bet], lineEnd: String = "\r\n") -> String {
  bets.map { String(decoding: rows([$0]).dropFirst(2).dropLast(2), as: UTF8.self) + lineEnd }
    .joined()
}

/// Bets at the limits of their fields.
package enum Bets {
  /// A bet with a letter of two bytes and a document with leading zeros.
  package static func ana() throws -> Bet {
    try Bet(
      firstName: "Ana", lastName: "Ñu", document: "007",
      birthdate: "1999-03-17", number: "2201")
  }

  /// A bet whose fields are as small and as large as they may be.
  package static func nameless() throws -> Bet {
    try Bet(
      firstName: "", lastName: "", document: "0",
      birthdate: "9999-12-31", number: "4294967295")
  }
}
