import LotteryCore

/// What a server that starts again learns from its files: everything that it had promised.
struct Recovery {
  /// What was found, for the log.
  struct Report: Sendable, Equatable {
    var bets: UInt64 = 0
    var agencies = 0
    var finished = 0
    /// Bytes of rows that a crash had torn off, and of NUL bytes after them, that were cut off.
    var tornBytes = 0
    /// Agencies whose row in `finished.csv` does not count.
    var reopened: [Reopened] = []
    var duration = Duration.zero
  }

  /// An agency that had finished with another number of bets than are stored, which counts as one
  /// that has not finished.
  struct Reopened: Sendable, Equatable {
    var agency: UInt32
    var total: UInt64
    var stored: UInt64
  }

  private(set) var ledgers: [UInt32: AgencyLedger] = [:]
  private(set) var report = Report()

  /// Reads both files, once, and cuts off a row at their end that was never completed: it was never
  /// acknowledged either.
  ///
  /// - Parameter durability: what the answers promised. Without syncs a crash of the machine may
  ///   take bets of an agency and leave its row in `finished.csv`.
  /// - Throws: ``StorageError/damaged(path:line:reason:)`` where a row elsewhere cannot be read;
  ///   then nothing has been changed.
  init(
    bets: inout AppendOnlyFile, finished: inout AppendOnlyFile, durability: Durability
  ) throws(StorageError) {
    let start = ContinuousClock.now
    let tally = try BetTally.all(of: bets, size: bets.sizeWithoutNULs())
    note(tally)
    let finishedEnd = try read(finished, durability)
    for (agency, range) in tally.lastRows { ledgers[agency]?.lastRow = try bets.read(range) }
    report.tornBytes = bets.size - tally.end + finished.size - finishedEnd
    try bets.cutTornRow(at: tally.end)
    try finished.cutTornRow(at: finishedEnd)
    report.agencies = ledgers.count
    report.duration = start.duration(to: .now)
  }

  private mutating func note(_ tally: BetTally) {
    for (agency, count) in tally.counts { ledgers[agency] = AgencyLedger(stored: count) }
    report.bets = tally.bets
  }

  /// Reads `finished.csv`, and returns where its whole rows end.
  private mutating func read(
    _ finished: AppendOnlyFile, _ durability: Durability
  ) throws(StorageError) -> Int {
    var rows = FinishedReader(reading: 0..<(try finished.sizeWithoutNULs()), of: finished)
    // An agency that was reopened finishes again: its last row counts.
    var lastRows: [UInt32: (line: Int, total: UInt64)] = [:]
    while let (agency, total) = try rows.next() { lastRows[agency] = (rows.line, total) }
    for (agency, row) in lastRows.sorted(by: { $0.value.line < $1.value.line }) {
      let stored = ledgers[agency]?.stored ?? 0
      if row.total == stored {
        ledgers[agency, default: AgencyLedger()].hasFinished = true
      } else if durability == .process {
        report.reopened.append(Reopened(agency: agency, total: row.total, stored: stored))
      } else {
        throw .damaged(
          path: finished.path, line: row.line,
          reason: "agency \(agency) finished with \(row.total) bets, but \(stored) are stored")
      }
    }
    report.finished = ledgers.values.count { $0.hasFinished }
    return rows.position
  }
}
