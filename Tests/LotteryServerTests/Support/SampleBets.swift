import LotteryCore

/// A bet of `agency` that differs from its other bets in `index`.
func sampleBet(_ agency: UInt32, _ index: Int = 0, number: UInt32 = 1) throws -> Bet {
  try Bet(
    agency: agency, firstName: "Name \(index)", lastName: "Pérez, \"the \(agency)th\"",
    document: "\(30_000_000 + index)", birthdate: "1999-12-31", number: "\(number)")
}

/// The bets of `agency` with the given indices.
func sampleBets(_ agency: UInt32, _ indices: Range<Int>) throws -> [Bet] {
  try indices.map { try sampleBet(agency, $0) }
}

/// Bets as rows of `bets.csv`.
func rows(_ bets: [Bet]) -> [UInt8] {
  var bytes: [UInt8] = []
  for bet in bets { bytes.append(csvRow: bet) }
  return bytes
}
