import LotteryCore

/// A bet of agency 1 that differs from its other bets in `index`.
func sampleBet(_ index: Int) throws -> Bet {
  try Bet(
    firstName: "Ana \(index)", lastName: "Pérez", document: "\(30_000_000 + index)",
    birthdate: "1999-12-31", number: "\(index)")
}

/// The bets of agency 1 with the given indices.
func sampleBets(_ indices: Range<Int>) throws -> [Bet] {
  try indices.map(sampleBet)
}

/// A bet of agency 1 that takes `size` bytes on the wire, 12 to 522.
func sizedBet(_ size: Int) throws -> Bet {
  // Three lengths, the date, the number and a document of one digit.
  let letters = size - 3 - 4 - 4 - 1
  let first = min(letters, ProtocolLimits.textSize)
  return try Bet(
    firstName: String(repeating: "a", count: first),
    lastName: String(repeating: "b", count: letters - first), document: "1",
    birthdate: "2000-01-01", number: "1")
}

/// Bets as an agency's file has them; their names hold nothing that needs quotes.
func agencyFile(_ bets: [Bet], lineEnd: String = "\r\n") -> String {
  bets
    .map { bet in
      "\(bet.firstName),\(bet.lastName),\(bet.document),\(bet.birthdate),\(bet.number)\(lineEnd)"
    }
    .joined()
}
