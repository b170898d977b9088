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

import LotteryProtocol

/// What a server that starts again learns from its files.
struct Recovery {
  /// What was found, for the log.
  struct Report: Sendable, Equatable {
    var bets: UInt64 = 0
    var agencies = 0
    var finished = 0
    var cuts: [Cut] = []
    var duration = Duration.zero

    var tornBytes: Int { cuts.reduce(0) { $0 + $1.rest.count } }
  }

  /// What was cut off the end of a file.
  struct Cut: Sendable, Equatable {
    let path: String
    let rest: TornRest
  }

  private(set) var records: [UInt32: AgencyRecord] = [:]
  private(set) var report = Report()

  /// Reads both files once, and then cuts off what a crash has left at their ends.
  ///
  /// - Throws: ``StorageError/damaged(path:line:reason:)`` if anything else is wrong, or
  ///   `CancellationError`. Then nothing has been changed.
  init(bets: Journal, finished: Journal) throws {
    let start = ContinuousClock.now
    let betsRest = try readBets(bets)
    let finishedRest = try readFinished(finished)
    if let betsRest { try bets.cut(betsRest) }
    if let finishedRest { try finished.cut(finishedRest) }
    report.cuts = [(bets.path, betsRest), (finished.path, finishedRest)].compactMap { path, rest in
      rest.map { Cut(path: path, rest: $0) }
    }
    report.agencies = records.count
    report.duration = start.duration(to: .now)
  }

  /// The course's `load_bets`, except that no bet is kept: counts those of each agency and finds
  /// its last row.
  private mutating func readBets(_ bets: Journal) throws -> TornRest? {
    var found = RowsOfAgencies()
    let rest = try Self.readRows(of: bets, isBeginning: \.beginsStoredRow) { rows in
      var runs = rows.takeStoredRows()
      // Nearly all rows are plain. Any other is read on its own, and so is the end.
      if runs.isEmpty, let (agency, _) = try rows.nextStoredBet() {
        runs = [AgencyRun(agency: agency, row: rows.row)]
      }
      for run in runs {
        found.append(run)
        report.bets += UInt64(run.rows)
      }
      return !runs.isEmpty
    }
    for run in found.all {
      try Task.checkCancellation()
      records[run.agency] = AgencyRecord(
        stored: UInt64(run.rows), lastRow: try bets.read(run.lastRow))
    }
    return rest
  }

  /// Reads which agencies have finished, and with how many bets.
  private mutating func readFinished(_ finished: Journal) throws -> TornRest? {
    let rest = try Self.readRows(of: finished, isBeginning: \.beginsFinishedRow) { rows in
      guard let (agency, total) = try rows.nextFinished() else { return false }
      let stored = records[agency]?.stored ?? 0
      guard total == stored else {
        throw CSVFile.Failure.notABet(
          "agency \(agency) finished with \(total) bets, but \(stored) are stored")
      }
      records[agency, default: AgencyRecord()].hasFinished = true
      return true
    }
    report.finished = records.values.count { $0.hasFinished }
    return rest
  }

  /// Reads the rows of `file`, and returns what follows them.
  ///
  /// - Parameters:
  ///   - isBeginning: whether bytes are the beginning of a row.
  ///   - next: reads the next rows; false if there are no more.
  private static func readRows(
    of file: Journal, isBeginning: ([UInt8]) -> Bool,
    _ next: (inout CSVFile) throws -> Bool
  ) throws -> TornRest? {
    var rows = file.rows
    var (reason, end) = ("neither a row nor the beginning of one", 0)
    do {
      while try next(&rows) {}
      end = rows.position
      if end == file.size { return nil }
    } catch let failure as CSVFile.Failure {
      switch failure {
      case .cancelled: throw CancellationError()
      case .unreadable(let error): throw StorageError.unreadable(path: file.path, error)
      case .changed: throw StorageError.changed(path: file.path, position: rows.position)
      case .malformed(let error): (reason, end) = (error.description, rows.position)
      case .notABet(let error): (reason, end) = (error, rows.row.lowerBound)
      }
    }
    let rest = try TornRest(of: file, from: end, isBeginning: isBeginning)
    guard let rest else {
      throw StorageError.damaged(path: file.path, line: rows.line, reason: reason)
    }
    return rest
  }
}

/// The rows of each agency, found without a search if the number of the agency is small, as nearly
/// all are: rows of agencies may alternate, and a dictionary takes longer than reading the row.
private struct RowsOfAgencies {
  private var small: [AgencyRun] = []
  private var others: [UInt32: AgencyRun] = [:]
  private static let smallNumbers = 1 << 16

  /// One run for each agency that has rows.
  var all: [AgencyRun] { small.filter { $0.rows > 0 } + others.values }

  mutating func append(_ run: AgencyRun) {
    guard run.agency < Self.smallNumbers else {
      others[run.agency, default: AgencyRun(agency: run.agency)].append(run)
      return
    }
    while run.agency >= small.count { small.append(AgencyRun(agency: UInt32(small.count))) }
    small[Int(run.agency)].append(run)
  }
}

extension CSVFile {
  /// Reads the next row of `finished.csv`: an agency, and the number of bets that it finished with.
  fileprivate mutating func nextFinished() throws(Failure) -> (agency: UInt32, total: UInt64)? {
    guard try nextRow() else { return nil }
    let storage = storage
    guard fields.count == 2,
      let agency = UInt32(decimal: storage.span.extracting(fields[0])),
      let total = UInt64(decimal: storage.span.extracting(fields[1]))
    else { throw .notABet("must be agency,total") }
    guard agency > 0 else { throw .notABet("agency 0: must be at least 1") }
    return (agency, total)
  }
}

extension Array where Element == UInt8 {
  mutating func append(finishedRow agency: UInt32, total: UInt64) {
    append(decimal: agency)
    append(UInt8(ascii: ","))
    append(decimal: total)
    append(contentsOf: "\r\n".utf8)
  }
}
