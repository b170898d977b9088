// How a server learns from its files what it promised before it ended.
//
// Both files grow by whole rows only, and every row ends with a line end. A crash can leave at most
// one incomplete row at the end of each, possibly followed by NUL bytes. That row was never
// acknowledged, so it is cut off. Anything else that cannot be read is damage: the server refuses
// to start and changes nothing.
//
// One pass over `bets.csv` counts the bets of each agency and finds its last row, which WELCOME
// tells the agency. `finished.csv` says which agencies have finished, and with how many bets. The
// two must agree.
//
// The files may be large and the disk slow, and a cancelled task reads no further.

import LotteryCore
import LotteryProtocol

/// What a server that starts again learns from its files.
struct Recovery {
  /// What was found, for the log.
  struct Report: Sendable, Equatable {
    var bets: UInt64 = 0
    var agencies = 0
    var finished = 0
    /// Bytes of incomplete rows, and of NUL bytes after them, that were cut off.
    var tornBytes = 0
    var duration = Duration.zero
  }

  private(set) var records: [UInt32: AgencyRecord] = [:]
  private(set) var report = Report()

  /// Reads both files once and cuts off an incomplete row at their end.
  ///
  /// - Throws: ``StorageError/damaged(path:line:reason:)`` if a row elsewhere cannot be read, or
  ///   `CancellationError`. Then nothing has been changed.
  init(bets: inout AppendOnlyFile, finished: inout AppendOnlyFile) throws {
    let start = ContinuousClock.now
    let betsEnd = try readBets(bets)
    let finishedEnd = try readFinished(finished)
    report.tornBytes = bets.size - betsEnd + finished.size - finishedEnd
    try bets.cutTornRow(at: betsEnd)
    try finished.cutTornRow(at: finishedEnd)
    report.agencies = records.count
    report.duration = start.duration(to: .now)
  }

  /// The course's `load_bets`, except that no bet is kept: counts those of each agency and finds
  /// its last row. Returns where the whole rows end.
  private mutating func readBets(_ bets: AppendOnlyFile) throws -> Int {
    var found: [UInt32: AgencyRun] = [:]
    var rows = bets.rows(at: 0..<(try bets.sizeWithoutNULs()))
    var runs: [AgencyRun]
    repeat {
      try Task.checkCancellation()
      runs = rows.takeStoredRows()
      // Nearly all rows are plain. Any other is read on its own, and so is the end.
      if runs.isEmpty, let run = try rows.nextStoredRow(path: bets.path) { runs = [run] }
      for run in runs {
        found[run.agency, default: AgencyRun(agency: run.agency)].append(run)
        report.bets += UInt64(run.rows)
      }
    } while !runs.isEmpty
    for (agency, run) in found {
      try Task.checkCancellation()
      records[agency] = AgencyRecord(
        stored: UInt64(run.rows), lastRow: try bets.read(run.lastRow))
    }
    return rows.position
  }

  /// Reads `finished.csv`, and returns where its whole rows end.
  private mutating func readFinished(_ finished: AppendOnlyFile) throws -> Int {
    var rows = finished.rows(at: 0..<(try finished.sizeWithoutNULs()))
    while let (agency, total) = try rows.nextFinished(path: finished.path) {
      try Task.checkCancellation()
      let stored = records[agency]?.stored ?? 0
      guard total == stored else {
        throw StorageError.damaged(
          path: finished.path, line: rows.line,
          reason: "agency \(agency) finished with \(total) bets, but \(stored) are stored")
      }
      records[agency, default: AgencyRecord()].hasFinished = true
    }
    report.finished = records.values.count { $0.hasFinished }
    return rows.position
  }
}

extension CSVFile {
  /// Reads the next row of `bets.csv`.
  fileprivate mutating func nextStoredRow(path: String) throws(StorageError) -> AgencyRun? {
    let stored = try next(of: path) { rows throws(CSVFile.Failure) in
      try rows.nextStoredBet()
    }
    guard let stored else { return nil }
    var run = AgencyRun(agency: stored.agency)
    run.append(row)
    return run
  }

  /// Reads the next row of `finished.csv`: an agency, and the number of bets that it finished with.
  fileprivate mutating func nextFinished(
    path: String
  ) throws(StorageError) -> (agency: UInt32, total: UInt64)? {
    let isRow = try next(of: path) { rows throws(CSVFile.Failure) in try rows.nextRow() }
    guard isRow else { return nil }
    let storage = storage
    guard fields.count == 2,
      let agency = UInt32(decimal: storage.span.extracting(fields[0])),
      let total = UInt64(decimal: storage.span.extracting(fields[1]))
    else { throw .damaged(path: path, line: line, reason: "must be agency,total") }
    guard agency > 0 else {
      throw .damaged(path: path, line: line, reason: "agency 0: must be at least 1")
    }
    return (agency, total)
  }
}

extension Array where Element == UInt8 {
  /// Appends a row of `finished.csv`.
  mutating func append(finishedRow agency: UInt32, total: UInt64) {
    append(decimal: agency)
    append(UInt8(ascii: ","))
    append(decimal: total)
    append(contentsOf: "\r\n".utf8)
  }
}
