package import LotteryProtocol

/// A bet of `agency` that differs from its other bets in `index`. The name of every other one needs
/// quotes in a file.
package func sampleBet(_ agency: UInt32, _ index: Int = 0, number: UInt32 = 1) throws -> Bet {
  try Bet(
    firstName: "Name \(index)",
    lastName: index.isMultiple(of: 2) ? "Pérez" : "Pérez, \"the \(agency)th\"",
    document: "\(30_000_000 + index)", birthdate: "1999-12-31", number: "\(number)")
}

/// The bets of `agency` with the given indices.
package func sampleBets(_ agency: UInt32, _ indices: Range<Int>) throws -> [Bet] {
  try indices.map { try sampleBet(agency, $0) }
}
