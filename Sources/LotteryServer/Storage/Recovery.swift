import LotteryProtocol

/// What a server that starts again learns from its files: everything that it had promised.
struct Recovery {
  /// What was found, for the log.
  struct Report: Sendable, Equatable {
    var bets: UInt64 = 0
    var agencies = 0
    var finished = 0
    /// Bytes of rows that a crash had torn off, and that were cut off.
    var tornBytes = 0
    var duration = Duration.zero
  }

  private(set) var ledgers: [UInt32: AgencyLedger] = [:]
  private(set) var report = Report()

  /// Where the last row of each agency lies in `bets.csv`.
  private var lastRows: [UInt32: Range<Int>] = [:]

  /// Reads both files, once, and cuts off a row at their end that was never completed: it was never
  /// acknowledged either.
  ///
  /// - Throws: ``StorageError/damaged(path:line:reason:)`` where a row elsewhere cannot be read;
  ///   then nothing has been changed.
  init(bets: inout AppendOnlyFile, finished: inout AppendOnlyFile) throws(StorageError) {
    let start = ContinuousClock.now
    let betsSize = try readBets(bets.path)
    let finishedSize = try readFinished(finished.path)
    try bets.cut(to: betsSize)
    try finished.cut(to: finishedSize)
    for (agency, range) in lastRows { ledgers[agency]?.lastRow = try bets.read(range) }
    report.agencies = ledgers.count
    report.duration = start.duration(to: .now)
  }

  /// Counts the bets of each agency, which mostly come in runs; a run is added as a whole.
  ///
  /// - Returns: the bytes that are good.
  private mutating func readBets(_ path: String) throws(StorageError) -> Int {
    var reader = try BetReader(path: path)
    var agency: UInt32 = 0
    var run: UInt64 = 0
    var row = 0..<0
    while let (next, _) = try reader.nextLocated() {
      if next != agency {
        note(run, of: agency, lastRow: row)
        (agency, run) = (next, 0)
      }
      run += 1
      row = row.upperBound..<reader.position
    }
    note(run, of: agency, lastRow: row)
    report.tornBytes += reader.tornBytes
    return reader.position
  }

  private mutating func note(_ run: UInt64, of agency: UInt32, lastRow: Range<Int>) {
    guard run > 0 else { return }
    ledgers[agency, default: AgencyLedger()].stored += run
    lastRows[agency] = lastRow
    report.bets += run
  }

  private mutating func readFinished(_ path: String) throws(StorageError) -> Int {
    var rows = try FinishedReader(path: path)
    while let (agency, total) = try rows.next() {
      let stored = ledgers[agency]?.stored ?? 0
      guard total == stored else {
        throw .damaged(
          path: path, line: rows.line,
          reason: "agency \(agency) finished with \(total) bets, but \(stored) are stored")
      }
      ledgers[agency, default: AgencyLedger()].hasFinished = true
    }
    report.finished = ledgers.values.count { $0.hasFinished }
    report.tornBytes += rows.tornBytes
    return rows.position
  }
}
