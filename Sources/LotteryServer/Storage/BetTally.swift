import LotteryCore
import LotteryProtocol

/// How many bets of each agency a stretch of `bets.csv` holds, and where the last of each lies.
struct BetTally: Sendable, Equatable {
  private(set) var counts: [UInt32: UInt64] = [:]
  private(set) var lastRows: [UInt32: Range<Int>] = [:]
  /// Where the whole rows end. What follows is an incomplete row.
  private(set) var end = 0
  /// Whether any row has quotes. Line ends between quotes end no row.
  private(set) var hasQuotes = false

  /// Bets of all agencies.
  var bets: UInt64 { counts.values.reduce(0, +) }

  /// Reads the first `size` bytes of `file`, a large file on all cores at once.
  ///
  /// - Throws: ``StorageError``
  static func all(
    of file: AppendOnlyFile, size: Int, cores: Int = RowStretches.cores,
    leastStretch: Int = RowStretches.leastSize
  ) throws(StorageError) -> BetTally {
    let stretches = try RowStretches(size: size, cores: cores, leastSize: leastStretch) {
      range throws(StorageError) in try file.read(range)
    }
    // An error makes the file be read again from front to back, which tells the line.
    let parts = stretches.map { range -> BetTally? in
      let isWhole = range.count == size
      // Only the last stretch may end with an incomplete row.
      guard let part = try? BetTally(range, of: file, stopsAtQuotes: !isWhole),
        isWhole || !part.hasQuotes,
        range == stretches.ranges.last || part.end == range.upperBound
      else { return nil }
      return part
    }
    guard var whole = parts?.first, let rest = parts?.dropFirst() else {
      return try BetTally(0..<size, of: file)
    }
    for part in rest { whole.append(part) }
    return whole
  }

  /// Reads the bytes at `range` of `file`, which begin at the front of a row.
  ///
  /// - Parameter stopsAtQuotes: whether the tally is not wanted if a row has quotes.
  /// - Throws: ``StorageError``, also if not all of them can be read.
  init(
    _ range: Range<Int>, of file: AppendOnlyFile, stopsAtQuotes: Bool = false
  ) throws(StorageError) {
    var rows = file.rows(at: range)
    repeat {
      for run in rows.takeStoredRows() { note(run) }
      if stopsAtQuotes, rows.hasSeenQuotes { break }
    } while try noteNext(of: &rows, path: file.path)
    end = rows.position
    hasQuotes = rows.hasSeenQuotes
  }

  /// Reads one row; false means that there is none.
  private mutating func noteNext(
    of rows: inout CSVFile, path: String
  ) throws(StorageError) -> Bool {
    let stored = try rows.next(of: path) { rows throws(CSVFile.Failure) in
      try rows.nextStoredBet()
    }
    guard let stored else { return false }
    var run = AgencyRun(agency: stored.agency)
    run.append(rows.row)
    note(run)
    return true
  }

  private mutating func note(_ run: AgencyRun) {
    counts[run.agency, default: 0] += UInt64(run.rows)
    lastRows[run.agency] = run.lastRow
  }

  /// Adds the stretch that follows.
  private mutating func append(_ next: BetTally) {
    counts.merge(next.counts, uniquingKeysWith: +)
    lastRows.merge(next.lastRows) { $1 }
    end = next.end
    hasQuotes = hasQuotes || next.hasQuotes
  }
}
