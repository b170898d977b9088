import TestSupport
import Testing

@testable import LotteryProtocol

/// Rows, against Python's `csv` module and beside it. That the pieces in which they arrive make no
/// difference is for the fuzz target `csv`.
@Suite struct CSVTests {
  private struct Answer: Decodable {
    let rows: [[String]]
    let isGood: Bool
  }

  @Test func `rows are those that Python reads, up to the error`() throws {
    let exchanges = try Exchange<String, Answer>.all("csv-read")
    for exchange in exchanges {
      let read = CSVRows(exchange.document)
      #expect(read.rows == exchange.python.rows, "\(exchange.document.debugDescription)")
      #expect(
        (read.error == nil) == exchange.python.isGood, "\(exchange.document.debugDescription)")
    }
    // Both kinds must be among the cases, or they prove nothing.
    let good = exchanges.count(where: \.python.isGood)
    #expect(good > exchanges.count / 5)
    #expect(exchanges.count - good > exchanges.count / 5)
  }

  @Test(
    arguments: [
      ("a\n\"b\"c\n", .textAfterQuote, 2), ("a\n\"b\" ,c\n", .textAfterQuote, 2),
      ("a\n\"b\"\"c", .quoteNotClosed, 2), ("a\n\"", .quoteNotClosed, 2),
      ("a\n\"b\nc\n", .quoteNotClosed, 2), ("a\nb\rc\n", .bareCarriageReturn, 2),
      ("a\n\"b\"\rc\n", .bareCarriageReturn, 2), ("a\n\rb", .bareCarriageReturn, 2),
      ("a\nb\r\rc\n", .bareCarriageReturn, 2), ("a\nb\r\r,\r\n", .bareCarriageReturn, 2),
    ] as [(String, CSVError, Int)])
  func `what is not CSV is refused, the rows before it are not`(
    text: String, error: CSVError, line: Int
  ) {
    let read = CSVRows(text)
    #expect(read.rows == [["a"]])
    #expect(read.error == error)
    #expect(read.errorLine == line)
  }

  /// A byte order mark is passed over at the very beginning, and only there.
  @Test(arguments: [
    ("a\n\n\"b\nc\"\r\n\r\nd", [["a"], ["b\nc"], ["d"]], [1, 3, 6], [2, 10, 13]),
    ("\u{FEFF}a\n", [["a"]], [1], [5]), ("\u{FEFF}", [], [], []),
    ("\u{FEFF}\u{FEFF}a\n", [["\u{FEFF}a"]], [1], [8]),
    ("a\n\u{FEFF}b\n", [["a"], ["\u{FEFF}b"]], [1, 2], [2, 7]),
  ])
  func `each row knows its line and where it ends, whatever is between the rows`(
    text: String, rows: [[String]], lines: [Int], positions: [Int]
  ) {
    let read = CSVRows(text)
    #expect(read.rows == rows)
    #expect(read.lines == lines)
    #expect(read.positions == positions)
  }

  @Test(
    arguments: [
      (4094, "\r\n", nil), (4095, "\r\n", .rowTooLong), (4095, "\n", nil),
      (4096, "\n", .rowTooLong), (4096, "", nil), (4097, "", .rowTooLong),
      (8000, "\n", .rowTooLong),
    ] as [(Int, String, CSVError?)])
  func `a row has up to 4096 bytes, its line end included`(
    size: Int, lineEnd: String, error: CSVError?
  ) {
    let row = String(repeating: "a", count: size)
    let read = CSVRows(row + lineEnd)
    #expect(read.error == error)
    #expect(read.rows == (error == nil ? [[row]] : []))
  }

  /// Also if it is a quote that is never closed, or wrong after its limit.
  @Test(arguments: [("\"", "\n", ""), ("\"", "a", "\"x\n"), ("", "a", "\rb\n")])
  func `a row that is too long is too long, however it arrives`(
    start: String, middle: String, end: String
  ) {
    let bytes = Array((start + String(repeating: middle, count: 4200) + end).utf8)
    #expect(CSVRows(bytes[...]).error == .rowTooLong)
    #expect(CSVRows(bytes[..<4150], bytes[4150...]).error == .rowTooLong)
  }
}

/// What a ``CSVReader`` makes of a whole stream, up to its end or the first error.
private struct CSVRows {
  /// The fields of all rows, the line on which each began, and where in the stream it ended.
  var rows: [[String]] = []
  var lines: [Int] = []
  var positions: [Int] = []
  var error: CSVError?
  var errorLine = 0

  init(_ pieces: ArraySlice<UInt8>...) {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    var rest = pieces[...]
    do throws(CSVError) {
      while true {
        switch try reader.next(atEnd: rest.isEmpty) {
        case .needsMore: reader.input.feed(rest.removeFirst())
        case .end: return
        case .row:
          let storage = reader.input.storage
          rows.append(reader.fields.map { String(decoding: storage[$0], as: UTF8.self) })
          lines.append(reader.line)
          positions.append(reader.position)
        }
      }
    } catch {
      (self.error, errorLine) = (error, reader.line)
    }
  }

  init(_ text: String) { self.init(Array(text.utf8)[...]) }
}
