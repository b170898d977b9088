import LotteryProtocol

/// The files that the server keeps (`PROTOCOL.md`, What the server keeps).
struct DataDirectory: Sendable {
  let bets: String
  let finished: String

  init(path: String) {
    bets = path + "/bets.csv"
    finished = path + "/finished.csv"
  }

  /// What the files say about every agency in them.
  ///
  /// - Throws: ``StorageError`` where they cannot be read or are damaged.
  func readLedgers() throws(StorageError) -> [UInt32: AgencyLedger] {
    var ledgers: [UInt32: AgencyLedger] = [:]
    try readBets(into: &ledgers)
    try readFinished(into: &ledgers)
    return ledgers
  }

  private func readBets(into ledgers: inout [UInt32: AgencyLedger]) throws(StorageError) {
    var reader = try BetReader(path: bets)
    while let (agency, located) = try reader.nextLocated() {
      ledgers[agency, default: AgencyLedger()].stored += 1
      ledgers[agency]?.lastRow.removeAll(keepingCapacity: true)
      ledgers[agency]?.lastRow.append(csvRow: located, agency: agency, in: reader.bytes.span)
    }
  }

  private func readFinished(into ledgers: inout [UInt32: AgencyLedger]) throws(StorageError) {
    var rows = try FinishedReader(path: finished)
    while let (agency, total) = try rows.next() {
      let stored = ledgers[agency, default: AgencyLedger()].stored
      guard total == stored else {
        throw .damaged(
          path: finished, line: rows.line,
          reason: "agency \(agency) finished with \(total) bets, but \(stored) are stored")
      }
      ledgers[agency, default: AgencyLedger()].hasFinished = true
    }
  }
}

extension AgencyLedger {
  /// How far the agency is.
  func standing(of agency: UInt32) -> AgencyStanding {
    AgencyStanding(stored: stored, lastBet: lastBet(of: agency), hasFinished: hasFinished)
  }

  private func lastBet(of agency: UInt32) -> Bet? {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    reader.input.append(copying: lastRow.span)
    // The row is this server's own, so it reads; an agency without bets has none.
    guard (try? reader.next(atEnd: true)) == .row else { return nil }
    let bytes = reader.input.storage
    guard let located = try? BetCSV.bet(reader.fields[...], in: bytes.span) else { return nil }
    return Bet(agency: agency, located, in: bytes.span)
  }
}
