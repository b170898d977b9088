import LotteryCore
import LotteryProtocol
import TestSupport

@testable import AgencyClient

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
  let directory = try TemporaryDirectory()
  try directory.write(text, to: "agency.csv")
  let path = directory.file("agency.csv")
  var file = try AgencyFile(path: path, batchMaxAmount: 1)
  return try body(&file, path)
}
