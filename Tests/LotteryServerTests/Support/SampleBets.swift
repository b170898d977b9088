import LotteryCore

/// A bet of `agency` that differs from its other bets in `index`.
func sampleBet(_ agency: UInt32, _ index: Int = 0, number: UInt32 = 1) throws -> Bet {
  try Bet(
    firstName: "Name \(index)", lastName: "Pérez, \"the \(agency)th\"",
    document: "\(30_000_000 + index)", birthdate: "1999-12-31", number: "\(number)")
}

/// The bets of `agency` with the given indices.
func sampleBets(_ agency: UInt32, _ indices: Range<Int>) throws -> [Bet] {
  try indices.map { try sampleBet(agency, $0) }
}

/// A bet as `bets.csv` has it.
struct StoredBet: Hashable {
  var agency: UInt32
  var bet: Bet
}

/// The bets of `agency` with the given indices, with the agency.
func storedBets(_ agency: UInt32, _ indices: Range<Int>) throws -> [StoredBet] {
  try sampleBets(agency, indices).map { StoredBet(agency: agency, bet: $0) }
}

/// Bets of `agency` as rows of `bets.csv`.
func rows(_ bets: [Bet], of agency: UInt32 = 1) -> [UInt8] {
  rows(bets.map { StoredBet(agency: agency, bet: $0) })
}

/// Bets as rows of `bets.csv`.
func rows(_ bets: [StoredBet]) -> [UInt8] {
  var bytes: [UInt8] = []
  for stored in bets { bytes.append(csvRow: stored.bet, agency: stored.agency) }
  return bytes
}
