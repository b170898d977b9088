// How a server learns from its files what it promised before it ended.
//
// Both files grow by whole rows only, and every row ends with a line end. A crash can leave at most
// one incomplete row at the end of each, possibly followed by NUL bytes. That row was never
// acknowledged, so it is cut off. Anything else that cannot be read is damage: the server refuses
// to start and changes nothing.
//
// One pass over `bets.csv` counts the bets of each agency and finds its last row, which WELCOME
// tells the agency. `finished.csv` says which agencies have finished, and with how many bets. The
// two must agree. Without syncs (`Durability.process`) a crash of the machine may take bets and
// leave the later row of `finished.csv`. Such an agency is reopened and finishes again, and the
// last row of an agency counts.

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
    /// Agencies whose row in `finished.csv` does not count.
    var reopened: [Reopened] = []
    var duration = Duration.zero
  }

  /// An agency that had finished with another number of bets than are stored. It counts as one
  /// that has not finished.
  struct Reopened: Sendable, Equatable {
    var agency: UInt32
    var total: UInt64
    var stored: UInt64
  }

  private(set) var records: [UInt32: AgencyRecord] = [:]
  private(set) var report = Report()

  /// Reads both files once and cuts off an incomplete row at their end.
  ///
  /// - Parameter durability: what the answers promised.
  /// - Throws: ``StorageError/damaged(path:line:reason:)`` if a row elsewhere cannot be read. Then
  ///   nothing has been changed.
  init(
    bets: inout AppendOnlyFile, finished: inout AppendOnlyFile, durability: Durability
  ) throws(StorageError) {
    let start = ContinuousClock.now
    let tally = try BetTally.all(of: bets, size: bets.sizeWithoutNULs())
    for (agency, count) in tally.counts { records[agency] = AgencyRecord(stored: count) }
    report.bets = tally.bets
    let finishedEnd = try read(finished, durability)
    for (agency, range) in tally.lastRows { records[agency]?.lastRow = try bets.read(range) }
    report.tornBytes = bets.size - tally.end + finished.size - finishedEnd
    try bets.cutTornRow(at: tally.end)
    try finished.cutTornRow(at: finishedEnd)
    report.agencies = records.count
    report.duration = start.duration(to: .now)
  }

  /// Reads `finished.csv`, and returns where its whole rows end.
  private mutating func read(
    _ finished: AppendOnlyFile, _ durability: Durability
  ) throws(StorageError) -> Int {
    var rows = finished.rows(at: 0..<(try finished.sizeWithoutNULs()))
    var lastRows: [UInt32: (line: Int, total: UInt64)] = [:]
    while let (agency, total) = try rows.nextFinished(path: finished.path) {
      lastRows[agency] = (rows.line, total)
    }
    for (agency, row) in lastRows.sorted(by: { $0.value.line < $1.value.line }) {
      let stored = records[agency]?.stored ?? 0
      if row.total == stored {
        records[agency, default: AgencyRecord()].hasFinished = true
      } else if durability == .process {
        report.reopened.append(Reopened(agency: agency, total: row.total, stored: stored))
      } else {
        throw .damaged(
          path: finished.path, line: row.line,
          reason: "agency \(agency) finished with \(row.total) bets, but \(stored) are stored")
      }
    }
    report.finished = records.values.count { $0.hasFinished }
    return rows.position
  }
}

extension CSVFile {
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
