/// How many bets of each agency a stretch of `bets.csv` holds, and where the last of each lies.
struct BetTally: Sendable, Equatable {
  private(set) var counts: [UInt32: UInt64] = [:]
  private(set) var lastRows: [UInt32: Range<Int>] = [:]
  /// Where the rows that are good end.
  private(set) var end = 0
  /// Bytes behind them, of a row that is not complete.
  private(set) var tornBytes = 0
  /// Whether any row has quotes, in which line ends may stand that end no row.
  private(set) var hasQuotes = false

  /// Bets in all.
  var bets: UInt64 { counts.values.reduce(0, +) }

  /// Reads the rows at `range` of the file at `path`, which begins at the front of one.
  ///
  /// - Throws: ``StorageError``
  init(path: String, range: Range<Int>) throws(StorageError) {
    var reader = try BetReader(path: path, range: range)
    // Bets of one agency mostly come in runs, which are added as a whole.
    var agency: UInt32 = 0
    var run: UInt64 = 0
    var row = range.lowerBound..<range.lowerBound
    while let (next, _) = try reader.nextLocated() {
      if next != agency {
        note(run, of: agency, lastRow: row)
        (agency, run) = (next, 0)
      }
      run += 1
      row = row.upperBound..<reader.position
    }
    note(run, of: agency, lastRow: row)
    end = reader.position
    tornBytes = reader.tornBytes
    hasQuotes = reader.hasSeenQuotes
  }

  /// Adds the stretch that follows.
  mutating func append(_ next: BetTally) {
    counts.merge(next.counts, uniquingKeysWith: +)
    lastRows.merge(next.lastRows) { $1 }
    (end, tornBytes) = (next.end, next.tornBytes)
    hasQuotes = hasQuotes || next.hasQuotes
  }

  private mutating func note(_ run: UInt64, of agency: UInt32, lastRow: Range<Int>) {
    guard run > 0 else { return }
    counts[agency, default: 0] += run
    lastRows[agency] = lastRow
  }
}
