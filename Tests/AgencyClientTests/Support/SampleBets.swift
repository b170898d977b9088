import LotteryProtocol
import TestSupport

@testable import AgencyClient

/// A bet of agency 1 that differs from its other bets in `index`.
func sampleBet(_ index: Int) throws -> Bet {
  try sampleBet(index, of: 1, number: UInt32(index))
}

/// The bets of agency 1 with the given indices.
func sampleBets(_ indices: Range<Int>) throws -> [Bet] {
  try indices.map(sampleBet)
}

/// Bets as an agency's file has them.
func agencyFile(_ bets: [Bet], lineEnd: String = "\r\n") -> String {
  bets
    .map { bet in
      var row: [UInt8] = []
      row.append(csvRow: bet, agency: 1)
      return String(decoding: row.dropFirst(2).dropLast(2), as: UTF8.self) + lineEnd
    }
    .joined()
}

extension AgencyFile {
  /// The next bet.
  mutating func nextBet() throws(AgencyError) -> Bet? {
    guard let located = try next() else { return nil }
    return Bet(located, in: rows.storage.span)
  }

  /// All bets that are left.
  mutating func rest() throws(AgencyError) -> [Bet] {
    var bets: [Bet] = []
    while let bet = try nextBet() { bets.append(bet) }
    return bets
  }
}

/// Runs `body` with a file that holds `text`, and with its path.
func withAgencyFile<Value>(
  _ text: some Sequence<UInt8>, _ body: (inout AgencyFile, String) throws -> Value
) throws -> Value {
  let directory = TemporaryDirectory()
  try directory.write(text, to: "agency.csv")
  let path = directory.file("agency.csv")
  var file = try AgencyFile(path: path, batchMaxAmount: 1)
  return try body(&file, path)
}

/// Tests name files by texts.
extension AgencyFile {
  init(path: String, batchMaxAmount: Int) throws(AgencyError) {
    try self.init(path: Path(path), batchMaxAmount: batchMaxAmount)
  }
}
