// How a server learns from its files what it promised before it ended.
//
// Both files grow by whole rows only. What a crash leaves after them was never acknowledged and is
// cut off (`TornRest`). Anything else that cannot be read is damage: the server refuses to start
// and changes nothing.
//
// One pass over `bets.csv` counts the bets of each agency and finds its last row, which WELCOME
// tells the agency. `finished.csv` says which agencies have finished, and with how many bets. The
// two must agree.
//
// The files may be large and the disk slow, and a cancelled task reads no further.
//
// A file grows by groups of whole rows, and rows are acknowledged when their group is synced. If
// the server dies before, the file may end anywhere in the group: with the beginning of one row. If
// the machine dies, pages of the group may be missing, too: the file has grown, and where they
// belong there are NUL bytes, which no row holds.
//
// Nothing else is cut off, because it may have been acknowledged. A flipped bit can turn a letter
// into an opening quote, after which all rows up to the end look like one unfinished name. So the
// rest of a file must hold no whole row, and it must be possible to complete its row so that it is,
// byte for byte, one that this server writes.

import LotteryProtocol

/// What a server that starts again found in its files, for the log.
struct Recovery: Sendable, Equatable {
  private(set) var bets: UInt64 = 0
  private(set) var agencies = 0
  private(set) var finished = 0
  /// What was cut off the ends of the files.
  private(set) var cuts: [TornRest] = []
  private(set) var duration = Duration.zero

  var tornBytes: Int { cuts.reduce(0) { $0 + $1.count } }

  /// Reads both files once, and then cuts off what a crash has left at their ends.
  ///
  /// - Throws: ``StorageError/damaged(path:line:reason:)`` if anything else is wrong, or
  ///   `CancellationError`. Then nothing has been changed.
  static func read(
    bets: Journal, finished: Journal
  ) throws -> (found: Recovery, records: [UInt32: AgencyRecord]) {
    let start = ContinuousClock.now
    var (records, betsRest) = try load(bets)
    let finishedRest = try load(finished, into: &records)
    if let betsRest { try bets.cut(betsRest) }
    if let finishedRest { try finished.cut(finishedRest) }
    let found = Recovery(
      bets: records.values.reduce(0) { $0 + $1.stored }, agencies: records.count,
      finished: records.values.count { $0.hasFinished },
      cuts: [betsRest, finishedRest].compactMap(\.self), duration: start.duration(to: .now))
    return (found, records)
  }

  /// The course's `load_bets`, except that no bet is kept: counts those of each agency and finds
  /// its last row.
  private static func load(
    _ bets: Journal
  ) throws -> (records: [UInt32: AgencyRecord], rest: TornRest?) {
    // Rows of agencies may alternate, and a dictionary takes longer than reading the row.
    var small: [AgencyRun] = []
    var others: [UInt32: AgencyRun] = [:]
    let rest = try readRows(of: bets, isBeginning: \.beginsStoredRow) { rows in
      var runs = rows.reader.takeStoredRows()
      // Nearly all rows are plain. Any other is read on its own, and so is the end.
      if runs.isEmpty, let (agency, _) = try rows.nextStoredBet() {
        runs = [AgencyRun(agency: agency)]
        runs[0].append(rows.reader.row)
      }
      for run in runs {
        guard run.agency < 1 << 16 else {
          others[run.agency, default: AgencyRun(agency: run.agency)].append(run)
          continue
        }
        while small.count <= run.agency { small.append(AgencyRun(agency: UInt32(small.count))) }
        small[Int(run.agency)].append(run)
      }
      return !runs.isEmpty
    }
    var records: [UInt32: AgencyRecord] = [:]
    for run in small + others.values where run.rows > 0 {
      try Task.checkCancellation()
      records[run.agency] = AgencyRecord(
        stored: UInt64(run.rows), lastRow: try bets.read(run.lastRow))
    }
    return (records, rest)
  }

  /// Notes which agencies have finished. The number of their bets must be the one that is stored.
  private static func load(
    _ finished: Journal, into records: inout [UInt32: AgencyRecord]
  ) throws -> TornRest? {
    try readRows(of: finished, isBeginning: \.beginsFinishedRow) { rows in
      guard let (agency, total) = try rows.nextFinished() else { return false }
      let stored = records[agency]?.stored ?? 0
      guard total == stored else {
        throw CSVError.notABet(
          "agency \(agency) finished with \(total) bets, but \(stored) are stored")
      }
      records[agency, default: AgencyRecord()].hasFinished = true
      return true
    }
  }

  /// Reads the rows of `file`, and returns what follows them.
  ///
  /// - Parameters:
  ///   - isBeginning: whether bytes are the beginning of a row.
  ///   - next: reads the next rows; false if there are no more.
  private static func readRows(
    of file: Journal, isBeginning: ([UInt8]) -> Bool, _ next: (inout CSVFile) throws -> Bool
  ) throws -> TornRest? {
    var rows = file.rows
    var (reason, end) = ("neither a row nor the beginning of one", 0)
    do {
      while try next(&rows) {}
      end = rows.position
      if end == file.size { return nil }
    } catch let failure as CSVError {
      switch failure {
      case .cancelled: throw CancellationError()
      case .unreadable(let error): throw StorageError.unreadable(path: file.path, error)
      case .changed: throw StorageError.changed(path: file.path, position: rows.position)
      case .notABet(let error): (reason, end) = (error, rows.reader.row.lowerBound)
      case .textAfterQuote, .quoteNotClosed, .bareCarriageReturn, .rowTooLong:
        (reason, end) = (failure.description, rows.position)
      }
    }
    guard let rest = try TornRest(of: file, from: end, isBeginning: isBeginning) else {
      throw StorageError.damaged(path: file.path, line: rows.line, reason: reason)
    }
    return rest
  }
}

/// What follows the whole rows of a file, if it is what a crash leaves.
struct TornRest: Sendable, Equatable {
  let path: String
  /// Where it begins.
  let start: Int
  /// The beginning of a row, up to the first NUL.
  let beginning: [UInt8]
  /// Bytes up to the end of the file.
  let count: Int

  /// The unit in which a file reaches the disk.
  private static let pageSize = 4096

  /// Examines the bytes of `file` from `start` on, where its whole rows end. Nil if they are not
  /// what a crash leaves.
  ///
  /// - Parameter isBeginning: whether bytes are the beginning of a row that the server writes.
  init?(of file: Journal, from start: Int, isBeginning: ([UInt8]) -> Bool) throws {
    path = file.path
    self.start = start
    count = file.size - start
    let front = try file.read(start..<min(start + ProtocolLimits.csvRowSize, file.size))
    beginning = Array(front.prefix { $0 != 0 })
    guard beginning.isEmpty || isBeginning(beginning) else { return nil }
    let hole = start + beginning.count
    let next = try Self.endOfNULs(in: file, from: hole)
    guard next < file.size else { return }
    // Whole pages are missing, or all of the first one that belongs to the group.
    guard next % Self.pageSize == 0, hole == start || hole % Self.pageSize == 0,
      try Self.isRest(file, from: next)
    else { return nil }
  }

  /// Where the NUL bytes end that begin at `start`, if there are any.
  private static func endOfNULs(in file: Journal, from start: Int) throws -> Int {
    var position = start
    while position < file.size {
      try Task.checkCancellation()
      let bytes = try file.read(position..<min(position + CSVFile.chunkSize, file.size))
      if let other = bytes.firstIndex(where: { $0 != 0 }) { return position + other }
      position += bytes.count
    }
    return file.size
  }

  /// Whether the bytes from `start` on are a piece of rows without a whole one and without the end
  /// of the last one.
  private static func isRest(_ file: Journal, from start: Int) throws -> Bool {
    guard file.size - start < 2 * ProtocolLimits.csvRowSize else { return false }
    let bytes = try file.read(start..<file.size)
    return bytes.count { $0 == UInt8(ascii: "\n") } <= 1 && bytes.last != UInt8(ascii: "\n")
      && !bytes.contains(0)
  }
}

extension CSVFile {
  /// Reads the next row of `finished.csv`: an agency, and the number of bets that it finished with.
  fileprivate mutating func nextFinished() throws(CSVError) -> (agency: UInt32, total: UInt64)? {
    guard try nextRow() else { return nil }
    let storage = storage
    guard reader.fields.count == 2,
      let agency = UInt32(decimal: storage.span.extracting(reader.fields[0])),
      let total = UInt64(decimal: storage.span.extracting(reader.fields[1]))
    else { throw .notABet("must be agency,total") }
    guard agency > 0 else { throw .notABet("agency 0: must be at least 1") }
    return (agency, total)
  }
}

extension [UInt8] {
  mutating func append(finishedRow agency: UInt32, total: UInt64) {
    append(decimal: agency)
    append(UInt8(ascii: ","))
    append(decimal: total)
    append(contentsOf: "\r\n".utf8)
  }

  /// Whether these bytes are the beginning of a row of `bets.csv`, as this server writes it, and
  /// hold no whole row.
  var beginsStoredRow: Bool {
    if holdsEndOfRow { return false }
    // Rows with and without a zero in front of what is left of a date.
    let ends = Self.suffixes(of: ",,,1,0001-01-01,1\r\n") + Self.suffixes(of: "10-10,1\r\n")
    // The rest of a character, and of a name that needs quotes.
    let characters: [[UInt8]] = [
      [], [0x80], [0x80, 0x80], [0x80, 0x80, 0x80], [0xA0, 0x80], [0x90, 0x80, 0x80],
    ]
    let quotes = ["", "\"", ",\"", "\"\""].map { [UInt8]($0.utf8) }
    return characters.contains { character in
      quotes.contains { quote in
        ends.contains { end in (self + character + quote + end).isStoredRow }
      }
    }
  }

  /// Whether these bytes are a row of `bets.csv` as this server writes it.
  private var isStoredRow: Bool {
    guard let (agency, bet) = BetCSV.storedBet(row: span) else { return false }
    var row: [UInt8] = []
    row.append(csvRow: bet, agency: agency)
    return row == self
  }

  /// Whether a line in these bytes ends like a row of `bets.csv`: in a document, a date and a
  /// number.
  private var holdsEndOfRow: Bool {
    let lines = split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    return lines.contains { line in
      let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      // A quote may stand in the place of the comma before them.
      let last =
        Array(fields.suffix(3).joined(separator: ",".utf8))
        .split(separator: UInt8(ascii: "\"")).last ?? []
      let row = Array("1,,,".utf8) + last + "\n".utf8
      return BetCSV.storedBet(row: row.span) != nil
    }
  }

  /// Whether these bytes are the beginning of a row of `finished.csv`, as this server writes it.
  var beginsFinishedRow: Bool {
    Self.suffixes(of: ",0\r\n").contains { end in
      let row = self + end
      let fields = row.dropLast(2).split(separator: UInt8(ascii: ",")).map([UInt8].init)
      guard let agency = fields.first.flatMap({ UInt32(decimal: $0.span) }), agency > 0,
        let total = fields.last.flatMap({ UInt64(decimal: $0.span) })
      else { return false }
      var written: [UInt8] = []
      written.append(finishedRow: agency, total: total)
      return written == row
    }
  }

  /// What may complete a row: the ends of `row`, all but none.
  private static func suffixes(of row: String) -> [[UInt8]] {
    let bytes = [UInt8](row.utf8)
    return bytes.indices.map { Array(bytes[$0...]) }
  }
}
