import Dispatch
import Glibc
import LotteryCore
import LotteryProtocol
import Synchronization

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

  /// Reads the bytes at `range` of `file`, which begin at the front of a row.
  ///
  /// - Throws: ``StorageError``, also if not all of them can be read.
  init(_ range: Range<Int>, of file: AppendOnlyFile) throws(StorageError) {
    var rows = file.rows(at: range)
    // Bets of one agency mostly come in runs, which are added as a whole.
    var run: Run?
    while let agency = try rows.nextAgency(path: file.path) {
      if run?.agency != agency {
        note(run)
        run = Run(agency: agency)
      }
      run?.bets += 1
      run?.lastRow = rows.row
    }
    note(run)
    end = rows.position
    hasQuotes = rows.hasSeenQuotes
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

  /// Adds the stretch that follows.
  private mutating func append(_ next: BetTally) {
    counts.merge(next.counts, uniquingKeysWith: +)
    lastRows.merge(next.lastRows) { $1 }
    end = next.end
    hasQuotes = hasQuotes || next.hasQuotes
  }
}

extension CSVFile {
  /// Reads the next row of `bets.csv`, and returns its agency.
  fileprivate mutating func nextAgency(path: String) throws(StorageError) -> UInt32? {
    let bet = try next(of: path) { rows throws(CSVFile.Failure) in
      try rows.nextBet(hasAgency: true)
    }
    if bet?.agency == 0 { throw .agencyZero(path: path, line: line) }
    return bet?.agency
  }
}

/// Reading a large file on all cores.
extension BetTally {
  /// Reads the first `size` bytes of `file`, a large file in as many stretches as there are cores.
  ///
  /// A stretch begins after a line end. That this is the end of a row is certain only if no row has
  /// quotes. Otherwise, or if a stretch cannot be read, the file is read again from front to back.
  ///
  /// - Throws: ``StorageError``
  static func all(
    of file: AppendOnlyFile, size: Int, cores: Int = cores, leastStretch: Int = leastStretch
  ) throws(StorageError) -> BetTally {
    let count = min(cores, size / leastStretch)
    let ranges = (try? stretches(of: file, size: size, count: count)) ?? []
    guard ranges.count > 1, let tally = read(ranges, of: file) else {
      return try BetTally(0..<size, of: file)
    }
    return tally
  }

  /// The least bytes that are worth a core of their own.
  private static let leastStretch = 4 * 1024 * 1024
  private static let cores = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))

  private static func stretches(
    of file: AppendOnlyFile, size: Int, count: Int
  ) throws(StorageError) -> [Range<Int>] {
    guard count > 1 else { return [] }
    var starts = [0]
    for index in 1..<count {
      let offset = size / count * index
      let bytes = try file.read(offset..<min(offset + ProtocolLimits.csvRowSize, size))
      guard let lineEnd = bytes.span.firstIndex(of: UInt8(ascii: "\n")) else { return [] }
      starts.append(offset + lineEnd + 1)
    }
    return zip(starts, starts.dropFirst() + [size]).map { $0..<$1 }
  }

  /// Reads the stretches and returns their sum, or nil if one does not begin and end with a row.
  private static func read(_ ranges: [Range<Int>], of file: AppendOnlyFile) -> BetTally? {
    let parts = Mutex([BetTally?](repeating: nil, count: ranges.count))
    DispatchQueue.concurrentPerform(iterations: ranges.count) { index in
      let part = try? BetTally(ranges[index], of: file)
      parts.withLock { $0[index] = part }
    }
    var whole: BetTally?
    for (range, part) in zip(ranges, parts.withLock { $0 }) {
      // Only the last stretch may end with an incomplete row.
      guard let part, !part.hasQuotes, range == ranges.last || part.end == range.upperBound
      else { return nil }
      if whole == nil { whole = part } else { whole?.append(part) }
    }
    return whole
  }
}
