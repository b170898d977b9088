@testable import LotteryProtocol
import TestSupport

/// What a ``CSVReader`` makes of a whole stream.
struct CSVRows: Equatable {
  /// The fields of all rows, up to the first error.
  var rows: [[String]] = []
  /// The line on which each row began.
  var lines: [Int] = []
  /// Bytes of the stream up to and including each row.
  var positions: [Int] = []
  /// What ended the reading, and on which line, if it was not the end of the stream.
  var error: CSVError?
  var errorLine: Int?

  /// Reads a stream that arrives in `pieces`.
  init(_ pieces: [ArraySlice<UInt8>]) {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    var rest = pieces[...]
    do throws(CSVError) {
      while true {
        switch try reader.next(atEnd: rest.isEmpty) {
        case .row: add(reader)
        case .needsMore: reader.input.feed(rest.removeFirst())
        case .end: return
        }
      }
    } catch {
      self.error = error
      errorLine = reader.line
    }
  }

  /// Reads `text` in one piece.
  init(_ text: String) {
    self.init([Array(text.utf8)[...]])
  }

  /// Reads `text` byte by byte.
  init(byteByByte text: String) {
    let bytes = Array(text.utf8)
    self.init(bytes.indices.map { bytes[$0...$0] })
  }

  private mutating func add(_ reader: borrowing CSVReader) {
    let storage = reader.input.storage
    rows.append(reader.fields.map { String(decoding: storage[$0], as: UTF8.self) })
    lines.append(reader.line)
    positions.append(reader.position)
  }
}
