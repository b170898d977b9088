/// Cuts a stream of CSV into rows and fields, without copying them.
///
/// The dialect is that of Python's `csv.reader` with `strict=True`: commas, fields that may stand
/// in quotes, quotes in them doubled, rows that end in `\n`, in `\r\n` or with the file, where a
/// `\r` may stand alone. Lines that hold nothing are passed over, and so is a byte order mark at
/// the very beginning.
///
/// It does no I/O: the caller fills ``input`` when ``next(atEnd:)`` needs more.
package struct CSVReader: ~Copyable {
  /// What ``next(atEnd:)`` found.
  package enum Step: Hashable, Sendable {
    /// A row: its fields are in ``CSVReader/fields``.
    case row
    /// The row is not complete: fill ``CSVReader/input``, or say that the input has ended.
    case needsMore
    case end
  }

  /// The bytes to read from. ``fields`` are ranges of its storage.
  package var input: InputBuffer
  /// Where the fields of the last row lie, quotes removed. Valid until the next call.
  package private(set) var fields: [Range<Int>] = []
  /// The line on which the last row began, from 1.
  package private(set) var line = 0
  /// Bytes of the stream up to and including the last row.
  package private(set) var position = 0
  /// Where in the stream the last row lies, its line end included.
  package var row: Range<Int> { rowStart..<position }

  private var rowStart = 0
  private var nextLine = 1

  /// A reader over a buffer of `capacity` bytes, which must hold at least one row.
  ///
  /// - Parameter position: where in the stream it begins, at the front of a row.
  package init(capacity: Int, at position: Int = 0) {
    precondition(capacity >= 2 * ProtocolLimits.csvRowSize, "too small for a row")
    input = InputBuffer(capacity: capacity)
    self.position = position
    rowStart = position
  }

  /// Goes on to the next row.
  ///
  /// - Parameter atEnd: whether ``input`` holds all that is left of the stream.
  /// - Throws: ``CSVError``, the row being the one that begins at ``line``.
  package mutating func next(atEnd: Bool) throws(CSVError) -> Step {
    skipByteOrderMark()
    while true {
      line = nextLine
      guard !input.unread.isEmpty else { return atEnd ? .end : .needsMore }
      guard let row = try scan(atEnd: atEnd) else { return .needsMore }
      input.consume(row.size)
      rowStart = position
      position += row.size
      nextLine += row.lines
      if !row.isBlank { return .row }
    }
  }

  /// Takes plain rows from the front of the input, as ``PlainRowEncoder`` does, and appends their
  /// bets to `frame`, up to `limit` bytes of it.
  ///
  /// - Returns: how many rows were taken, at most `most`.
  mutating func takePlainRows(appendingTo frame: inout [UInt8], limit: Int, most: Int) -> Int {
    // A byte order mark may stand at the very beginning.
    guard position > 0, input.unread.count >= RowBytes.size else { return 0 }
    let storage = input.storage
    let bytes = storage.span.extracting(input.unread)
    let start = frame.count
    var encoder = PlainRowEncoder()
    frame.append(room: limit - start + PlainRowEncoder.slack) { room in
      encoder.encode(bytes, to: room, limit: limit - start, most: most)
    }
    let isText = bytes.bytes.isUTF8(0..<encoder.consumed)
    if !isText { frame.removeLast(frame.count - start) }
    guard isText, encoder.rows > 0 else { return 0 }
    pass(encoder.consumed, rows: encoder.rows, lastRowSize: encoder.lastRowSize)
    return encoder.rows
  }

  /// Takes plain rows of `bets.csv` from the front of the input, as ``StoredRowCounter`` does, and
  /// returns them by agency, with the ranges of the last rows in the stream.
  package mutating func takeStoredRows() -> [AgencyRun] {
    // A byte order mark may stand at the very beginning.
    guard position > 0, input.unread.count >= RowBytes.size else { return [] }
    let storage = input.storage
    let bytes = storage.span.extracting(input.unread)
    var counter = StoredRowCounter()
    counter.count(bytes)
    guard let last = counter.runs.last, bytes.bytes.isUTF8(0..<counter.consumed) else { return [] }
    let start = position
    pass(
      counter.consumed, rows: counter.runs.reduce(0) { $0 + $1.rows },
      lastRowSize: last.lastRow.count)
    return counter.runs.map { run in
      var run = run
      run.move(by: start)
      return run
    }
  }

  /// Passes over rows of one line each, `size` bytes together.
  private mutating func pass(_ size: Int, rows: Int, lastRowSize: Int) {
    input.consume(size)
    position += size
    rowStart = position - lastRowSize
    nextLine += rows
    line = nextLine - 1
  }

  private struct ScannedRow {
    var size: Int
    var lines: Int
    var isBlank: Bool
  }

  /// Finds the fields of the row at the front of the input, or returns nil where its end is not
  /// there yet.
  private mutating func scan(atEnd: Bool) throws(CSVError) -> ScannedRow? {
    var found = fields
    fields = []
    found.removeAll(keepingCapacity: true)
    // No further than a row may go: what is wrong with it must not depend on how much has arrived.
    let row = input.unread.prefix(ProtocolLimits.csvRowSize)
    let isWhole = row.count == input.unread.count
    var scanner = CSVRowScanner(unread: row, atEnd: atEnd && isWhole)
    guard try scanner.scan(input.storage.span, into: &found) == .complete else {
      if isWhole { return nil }
      throw .rowTooLong
    }
    for index in found.indices where scanner.hasDoubledQuotes {
      found[index] = undouble(found[index])
    }
    let isBlank = found.count == 1 && found[0].isEmpty && !scanner.hasQuotes
    fields = found
    return ScannedRow(
      size: scanner.position - input.unread.lowerBound, lines: scanner.lines, isBlank: isBlank)
  }

  /// Replaces doubled quotes by single ones, in place: the text only gets shorter.
  private mutating func undouble(_ field: Range<Int>) -> Range<Int> {
    let quote = UInt8(ascii: "\"")
    var end = field.lowerBound
    var index = field.lowerBound
    let wasQuoted = field.lowerBound > 0 && input.storage[field.lowerBound - 1] == quote
    while index < field.upperBound {
      let byte = input.storage[index]
      input.replace(at: end, with: byte)
      end += 1
      index += wasQuoted && byte == quote ? 2 : 1
    }
    return field.lowerBound..<end
  }

  private mutating func skipByteOrderMark() {
    guard position == 0 else { return }
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    if input.storage[input.unread].starts(with: mark) {
      input.consume(mark.count)
      position = mark.count
    }
  }
}

/// Bytes that are not CSV in the dialect of Python's `csv` module with `strict=True`.
public enum CSVError: Error, Hashable, Sendable {
  /// Text stands between a closing quote and the next comma or line end.
  case textAfterQuote
  /// The file ends inside a quoted field.
  case quoteNotClosed
  /// A carriage return outside quotes that neither a line feed nor the end of the file follows.
  case bareCarriageReturn
  /// A row longer than `ProtocolLimits.csvRowSize`.
  case rowTooLong
}

extension CSVError: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .textAfterQuote: "after a closing quote only a comma or the end of the line may follow"
    case .quoteNotClosed: "the file ends inside a quoted field"
    case .bareCarriageReturn: "a carriage return without a line feed must stand in quotes"
    case .rowTooLong: "a row must not be longer than \(ProtocolLimits.csvRowSize) bytes"
    }
  }
}
