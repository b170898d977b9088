import LotteryCore
import LotteryProtocol

/// The rows of a `finished.csv`: agencies, and how many bets each finished with.
struct FinishedReader: ~Copyable {
  private let path: String
  private var rows: CSVFile

  /// Reads the bytes at `range` of `file`, which begin at the front of a row.
  init(reading range: Range<Int>, of file: AppendOnlyFile) {
    path = file.path
    rows = file.rows(at: range)
  }

  /// The line of the last row.
  var line: Int { rows.line }
  /// Bytes up to and including the last row.
  var position: Int { rows.position }

  mutating func next() throws(StorageError) -> (agency: UInt32, total: UInt64)? {
    do throws(CSVFile.Failure) {
      guard try rows.nextRow() else { return nil }
    } catch {
      throw StorageError(error, path: path, line: rows.line)
    }
    let storage = rows.storage
    guard rows.fields.count == 2,
      let agency = UInt32(decimal: storage.span.extracting(rows.fields[0])),
      let total = UInt64(decimal: storage.span.extracting(rows.fields[1]))
    else { throw .damaged(path: path, line: rows.line, reason: "must be agency,total") }
    guard agency > 0 else { throw .agencyZero(path: path, line: rows.line) }
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
