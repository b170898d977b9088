/// How many bets of each agency a stretch of `bets.csv` holds, and where the last of each lies.
struct BetTally: Sendable, Equatable {
  private(set) var counts: [UInt32: UInt64] = [:]
  private(set) var lastRows: [UInt32: Range<Int>] = [:]
  /// Where the rows that are good end; what follows is a row that is not complete.
  private(set) var end = 0
  /// Whether any row has quotes, in which line ends may stand that end no row.
  private(set) var hasQuotes = false

  /// Bets in all.
  var bets: UInt64 { counts.values.reduce(0, +) }

  /// Reads the bytes at `range` of `file`, which begin at the front of a row.
  ///
  /// - Throws: ``StorageError``, also where not all of them can be read.
  init(_ range: Range<Int>, of file: AppendOnlyFile) throws(StorageError) {
    var reader = BetReader(reading: range, of: file)
    // Bets of one agency mostly come in runs, which are added as a whole.
    var run: Run?
    while let (agency, _) = try reader.nextLocated() {
      if run?.agency != agency {
        note(run)
        run = Run(agency: agency)
      }
      run?.bets += 1
      run?.lastRow = reader.row
    }
    note(run)
    end = reader.position
    hasQuotes = reader.hasSeenQuotes
  }

  /// Adds the stretch that follows.
  mutating func append(_ next: BetTally) {
    counts.merge(next.counts, uniquingKeysWith: +)
    lastRows.merge(next.lastRows) { $1 }
    end = next.end
    hasQuotes = hasQuotes || next.hasQuotes
  }

  /// Bets of one agency that follow each other.
  private struct Run {
    let agency: UInt32
    var bets: UInt64 = 0
    var lastRow = 0..<0
  }

  private mutating func note(_ run: Run?) {
    guard let run else { return }
    counts[run.agency, default: 0] += run.bets
    lastRows[run.agency] = run.lastRow
  }
}
