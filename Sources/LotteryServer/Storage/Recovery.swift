import LotteryProtocol

/// What a server that starts again learns from its files: everything that it had promised.
struct Recovery {
  /// What was found, for the log.
  struct Report: Sendable, Equatable {
    var bets: UInt64 = 0
    var agencies = 0
    var finished = 0
    /// Bytes of rows that a crash had torn off, and of NUL bytes after them, that were cut off.
    var tornBytes = 0
    var duration = Duration.zero
  }

  private(set) var ledgers: [UInt32: AgencyLedger] = [:]
  private(set) var report = Report()

  /// Reads both files, once, and cuts off a row at their end that was never completed: it was never
  /// acknowledged either.
  ///
  /// - Throws: ``StorageError/damaged(path:line:reason:)`` where a row elsewhere cannot be read;
  ///   then nothing has been changed.
  init(bets: inout AppendOnlyFile, finished: inout AppendOnlyFile) throws(StorageError) {
    let start = ContinuousClock.now
    let tally = try BetTally.all(of: bets, size: bets.sizeWithoutNULs())
    note(tally)
    let finishedEnd = try read(finished)
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
  private mutating func read(_ finished: AppendOnlyFile) throws(StorageError) -> Int {
    var rows = FinishedReader(reading: 0..<(try finished.sizeWithoutNULs()), of: finished)
    while let (agency, total) = try rows.next() {
      let stored = ledgers[agency]?.stored ?? 0
      guard total == stored else {
        throw .damaged(
          path: finished.path, line: rows.line,
          reason: "agency \(agency) finished with \(total) bets, but \(stored) are stored")
      }
      ledgers[agency, default: AgencyLedger()].hasFinished = true
    }
    report.finished = ledgers.values.count { $0.hasFinished }
    return rows.position
  }
}
