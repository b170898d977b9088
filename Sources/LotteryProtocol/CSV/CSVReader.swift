/// Cuts a stream of CSV into rows and fields, without copying them.
///
/// The dialect is that of Python's `csv.reader` with `strict=True`: commas, fields that may stand
/// in quotes, quotes in them doubled, rows that end in `\n`, in `\r\n` or with the file, where a
/// `\r` may stand alone. Lines that hold nothing are passed over, and so is a byte order mark at
/// the very beginning.
///
/// It does no I/O: the caller fills ``input`` when ``next(atEnd:)`` needs more.
package struct CSVReader: ~Copyable {
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
  /// - Parameter position: where in the stream it begins, at the front of a row.
  package init(capacity: Int, at position: Int = 0) {
    precondition(capacity >= 2 * ProtocolLimits.csvRowSize, "too small for a row")
    input = InputBuffer(capacity: capacity)
    self.position = position
    rowStart = position
  }

  /// Goes on to the next row.
  /// - Parameter atEnd: whether ``input`` holds all that is left of the stream.
  /// - Throws: what is wrong with the row that begins at ``line``.
  package mutating func next(atEnd: Bool) throws(CSVError) -> Step {
    skipByteOrderMark()
    while true {
      line = nextLine
      guard !input.unread.isEmpty else { return atEnd ? .end : .needsMore }
      guard let row = try scan(atEnd: atEnd) else { return .needsMore }
      let size = row.position - input.unread.lowerBound
      pass(size, lines: row.lines, lastRowSize: size)
      if row.hasQuotes || fields.count > 1 || !fields[0].isEmpty { return .row }
    }
  }

  /// Takes plain rows from the front of the input, as ``PlainRowEncoder`` does, and appends their
  /// bets to `frame`, up to `limit` bytes of it.
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
    guard encoder.rows > 0, bytes.bytes.isUTF8(0..<encoder.consumed) else {
      frame.removeLast(frame.count - start)
      return 0
    }
    pass(encoder.consumed, lines: encoder.rows, lastRowSize: encoder.lastRowSize)
    line = nextLine - 1
    return encoder.rows
  }

  /// Takes plain rows of `bets.csv` from the front of the input, as ``StoredRowCounter`` does, and
  /// returns them by agency, with the ranges of the last rows in the stream.
  package mutating func takeStoredRows() -> [AgencyRun] {
    // A byte order mark may stand at the very beginning.
    guard position > 0, input.unread.count >= RowBytes.size else { return [] }
    let storage = input.storage
    let bytes = storage.span.extracting(input.unread)
    var counter = StoredRowCounter(position: position)
    counter.count(bytes)
    guard let last = counter.runs.last, bytes.bytes.isUTF8(0..<counter.consumed) else { return [] }
    let rows = counter.runs.reduce(0) { $0 + $1.rows }
    pass(counter.consumed, lines: rows, lastRowSize: last.lastRow.count)
    line = nextLine - 1
    return counter.runs
  }

  private mutating func pass(_ size: Int, lines: Int, lastRowSize: Int) {
    input.consume(size)
    position += size
    rowStart = position - lastRowSize
    nextLine += lines
  }

  /// Finds the fields of the row at the front of the input, or returns nil where its end is not
  /// there yet.
  private mutating func scan(atEnd: Bool) throws(CSVError) -> CSVRowScanner? {
    var found = fields
    fields = []
    found.removeAll(keepingCapacity: true)
    // No further than a row may go: what is wrong with it must not depend on how much has arrived.
    let row = input.unread.prefix(ProtocolLimits.csvRowSize)
    let isWhole = row.count == input.unread.count
    var scanner = CSVRowScanner(unread: row, atEnd: atEnd && isWhole)
    guard try scanner.scan(input.storage.span, into: &found) else {
      if isWhole { return nil }
      throw .rowTooLong
    }
    for index in found.indices where scanner.hasDoubledQuotes {
      found[index] = undouble(found[index])
    }
    fields = found
    return scanner
  }

  /// Replaces doubled quotes by single ones, in place: the text only gets shorter.
  private mutating func undouble(_ field: Range<Int>) -> Range<Int> {
    var end = field.lowerBound
    var index = field.lowerBound
    let wasQuoted = field.lowerBound > 0 && input.storage[field.lowerBound - 1] == .quote
    while index < field.upperBound {
      let byte = input.storage[index]
      input.replace(at: end, with: byte)
      end += 1
      index += wasQuoted && byte == .quote ? 2 : 1
    }
    return field.lowerBound..<end
  }

  private mutating func skipByteOrderMark() {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    guard position == 0, input.storage[input.unread].starts(with: mark) else { return }
    input.consume(mark.count)
    position = mark.count
  }
}

/// Finds the end of one row of CSV and the fields in it.
struct CSVRowScanner {
  private(set) var position: Int
  /// Lines that the row stands on.
  private(set) var lines = 0
  private(set) var hasQuotes = false
  private(set) var hasDoubledQuotes = false

  private let end: Int
  private let atEnd: Bool

  /// A scanner for the row that begins where `unread` begins.
  /// - Parameter atEnd: whether nothing follows after `unread`.
  init(unread: Range<Int>, atEnd: Bool) {
    position = unread.lowerBound
    end = unread.upperBound
    self.atEnd = atEnd
  }

  /// Appends the row's fields, quotes left out but doubled quotes left in, and stops after its
  /// line end.
  /// - Returns: whether the line end is there.
  mutating func scan(
    _ bytes: Span<UInt8>, into fields: inout [Range<Int>]
  ) throws(CSVError) -> Bool {
    while true {
      let isQuoted = position < end && bytes[position] == .quote
      guard let field = isQuoted ? scanQuoted(bytes) : scanPlain(bytes) else {
        if atEnd { throw .quoteNotClosed }
        return false
      }
      fields.append(field)
      guard position < end, bytes[position] == .comma else { return try scanLineEnd(bytes) }
      position += 1
    }
  }

  private mutating func scanPlain(_ bytes: Span<UInt8>) -> Range<Int> {
    let start = position
    let unread = bytes.extracting(..<end)
    position = unread.endOfPlainText(from: position)
    // A quote inside a plain field is text.
    while position < end, bytes[position] == .quote {
      position = unread.endOfPlainText(from: position + 1)
    }
    return start..<position
  }

  /// Nil if the closing quote is missing.
  private mutating func scanQuoted(_ bytes: Span<UInt8>) -> Range<Int>? {
    hasQuotes = true
    position += 1
    let start = position
    while position < end {
      if bytes[position] == .quote {
        guard position + 1 < end, bytes[position + 1] == .quote else {
          position += 1
          return start..<(position - 1)
        }
        hasDoubledQuotes = true
        position += 1
      } else if bytes[position] == .lineFeed {
        lines += 1
      }
      position += 1
    }
    return nil
  }

  private mutating func scanLineEnd(_ bytes: Span<UInt8>) throws(CSVError) -> Bool {
    lines += 1
    let start = position
    // Python takes several of them, and at the end of the file no line feed need follow.
    while position < end, bytes[position] == .carriageReturn { position += 1 }
    guard position < end else { return atEnd }
    guard bytes[position] == .lineFeed else {
      throw position > start ? .bareCarriageReturn : .textAfterQuote
    }
    position += 1
    return true
  }
}

/// Why there is no next row of a CSV file.
public enum CSVError: Error, Hashable, Sendable, CustomStringConvertible {
  case textAfterQuote
  case quoteNotClosed
  case bareCarriageReturn
  case rowTooLong
  /// A row that is CSV, but not of the kind that is read.
  case notABet(String)
  case unreadable(SystemError)
  /// The file has another size than when it was opened: something else writes it.
  case changed
  case cancelled

  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .textAfterQuote: "after a closing quote only a comma or the end of the line may follow"
    case .quoteNotClosed: "the file ends inside a quoted field"
    case .bareCarriageReturn: "a carriage return without a line feed must stand in quotes"
    case .rowTooLong: "a row must not be longer than \(ProtocolLimits.csvRowSize) bytes"
    case .notABet(let reason): reason
    case .unreadable(let error): error.description
    case .changed: "the file changes while it is read"
    case .cancelled: "cancelled"
    }
  }
}
