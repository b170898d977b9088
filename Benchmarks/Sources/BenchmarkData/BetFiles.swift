public import LotteryProtocol

/// Files of made-up bets.
public enum BetFiles {
  /// Writes an agency's file of `rows` bets.
  ///
  /// - Throws: `SystemError` where the file cannot be written.
  public static func writeAgency(_ path: String, rows: Int) throws(SystemError) {
    var bets = MadeUpBets(seed: UInt64(rows))
    var file = try OutputFile(path)
    for _ in 0..<rows {
      bets.appendRow(to: &file.bytes)
      try file.flushIfLarge()
    }
    try file.finish()
  }

  /// Writes what a server keeps of a lottery of `rows` bets whose `agencies` agencies have all
  /// finished, their batches of 150 bets having come in turn: `bets.csv` and `finished.csv`
  /// (`PROTOCOL.md`, What the server keeps).
  ///
  /// - Throws: `SystemError` where the files cannot be written.
  public static func writeStore(
    _ directory: String, rows: Int, agencies: Int
  ) throws(SystemError) {
    var bets = MadeUpBets(seed: UInt64(rows))
    var totals = [Int](repeating: 0, count: agencies)
    let prefixes = (1...agencies).map { Array("\($0),".utf8) }
    var file = try OutputFile(directory + "/bets.csv")
    for row in 0..<rows {
      let agency = row / 150 % agencies
      totals[agency] += 1
      file.bytes.append(contentsOf: prefixes[agency])
      bets.appendRow(to: &file.bytes)
      try file.flushIfLarge()
    }
    try file.finish()
    var finished = try OutputFile(directory + "/finished.csv")
    for (agency, total) in totals.enumerated() {
      finished.bytes.append(contentsOf: "\(agency + 1),\(total)\r\n".utf8)
    }
    try finished.finish()
  }
}
