/// Rows of an agency's file to bets on the wire, a window at a time.
///
/// The three texts of a row lie on the wire as they lie in the file, one byte later, each comma
/// replaced by the length of the text after it:
///
///     file   Ana,Paz,28113455,1987-11-02,42\r\n
///     wire  3Ana3Paz8281134557.11.2....
///
/// So the encoder loads 64 bytes, finds the commas and the end of the row as bits, stores the 64
/// bytes one byte further on, patches three lengths, and stores date and number as one word over
/// what follows the document. Bytes that were stored beyond the bet are overwritten by the next
/// one, or cut off: the caller's room is a window larger than what it keeps.
///
/// It takes a ``PlainRow`` only. That names are UTF-8 is checked for all rows together. Anything
/// else is left to ``CSVReader`` and ``BetCSV``, which are the specification.
struct PlainRowEncoder {
  /// Bytes of the rows that were taken.
  private(set) var consumed = 0
  /// Bytes of the last of them.
  private(set) var lastRowSize = 0
  /// Rows that were taken.
  private(set) var rows = 0

  /// Room that a bet may need beyond its end.
  static let slack = ByteWindow.size

  /// Takes rows from `input`, the bytes at `unread`, and stores their bets in `output` from `start`
  /// on, until `most` rows are taken, a bet would reach beyond `limit`, or a row is not plain.
  ///
  /// - Returns: where the last bet ends in `output`.
  mutating func encode(
    _ input: RawSpan, _ unread: Range<Int>, to output: inout MutableRawSpan, from start: Int,
    limit: Int, most: Int
  ) -> Int {
    var end = start
    while rows < most {
      let row = unread.lowerBound + consumed
      guard row + ByteWindow.size <= input.byteCount,
        let bet = PlainRow(in: input, at: row, before: unread.upperBound),
        end + bet.wireSize <= limit
      else { break }
      let (first, last, document) = bet.commas
      output.store(bet.window, at: end + 1)
      output.store(UInt8(truncatingIfNeeded: first), at: end)
      output.store(UInt8(truncatingIfNeeded: last - first - 1), at: end + 1 + first)
      output.store(UInt8(truncatingIfNeeded: document - last - 1), at: end + 1 + last)
      output.store(bet.fixedPart.byteSwapped, at: end + 1 + document)
      end += bet.wireSize
      consumed += bet.size
      lastRowSize = bet.size
      rows += 1
    }
    return end
  }
}

/// A row of an agency's file that is certainly a bet: five fields in one window, no quotes, no
/// control characters, digits where digits belong, a date that exists, a number of at most eight
/// digits.
///
/// Only that its names are UTF-8 is left to check, which is faster for many rows together.
struct PlainRow {
  /// The window that begins with the row.
  let window: ByteWindow
  /// The offsets of the commas after the first name, the last name and the document.
  let commas: (Int, Int, Int)
  /// Date and number, most significant byte first on the wire.
  let fixedPart: UInt64
  /// Bytes of the row, its line end included.
  let size: Int
  /// Bytes on the wire: a length in front, and eight bytes of date and number after the texts.
  var wireSize: Int { 1 + commas.2 + 8 }

  /// The row at the front of the window that begins at `row`; nil if it is not plain or does not
  /// end before `limit`.
  @inline(__always)
  init?(in input: RawSpan, at row: Int, before limit: Int) {
    let window = ByteWindow(input, at: row)
    let end = window.specials.trailingZeroBitCount
    // Below 63, so that the line end may have two bytes, and shifts stay below 64.
    guard end < 63, let lineEnd = Self.lineEnd(in: input, at: row + end),
      row + end + lineEnd <= limit
    else { return nil }
    var commas = window.commas & .bits(from: 0, to: end)
    guard commas.nonzeroBitCount == 4 else { return nil }
    let first = Self.takeLowest(&commas)
    let last = Self.takeLowest(&commas)
    let document = Self.takeLowest(&commas)
    let date = Self.takeLowest(&commas)
    let digits = end - date - 1
    guard (2...21).contains(document - last), date == document + 11, (1...8).contains(digits)
    else { return nil }
    // From the document on, anything but digits is exactly: two commas and two dashes.
    let others = UInt64.bit(document) | .bit(document + 5) | .bit(document + 8) | .bit(date)
    guard window.nonDigits & .bits(from: last + 1, to: end) == others,
      let birthdate = Self.date(in: input, at: row + document + 1)
    else { return nil }
    // The row is longer than eight bytes: the eight before its end hold the number and more.
    let word = input.word(at: row + end - 8, as: UInt64.self) & 0x0F0F_0F0F_0F0F_0F0F
    let number = DigitWord.value(of: word & (~0 &<< UInt64(8 * (8 - digits))))
    self.window = window
    self.commas = (first, last, document)
    fixedPart = birthdate.wireBits | number
    size = end + lineEnd
  }

  /// The size of the line end at `offset`, or nil if there is none.
  @inline(__always)
  private static func lineEnd(in input: RawSpan, at offset: Int) -> Int? {
    let bytes = input.word(at: offset, as: UInt16.self)
    if bytes == 0x0A0D { return 2 }
    return bytes & 0xFF == 0x0A ? 1 : nil
  }

  @inline(__always)
  private static func takeLowest(_ bits: inout UInt64) -> Int {
    defer { bits &= bits &- 1 }
    return bits.trailingZeroBitCount
  }

  /// The date that stands at `offset` as `YYYY-MM-DD`, its digits being digits.
  @inline(__always)
  private static func date(in input: RawSpan, at offset: Int) -> PackedDate? {
    let word = input.word(at: offset, as: UInt64.self)
    guard word & 0xFF00_00FF_0000_0000 == 0x2D00_002D_0000_0000 else { return nil }
    let digits = word & 0x000F_0F00_0F0F_0F0F
    let pairs = digits &* 10 &+ digits &>> 8
    let day = input.word(at: offset + 8, as: UInt16.self) & 0x0F0F
    let date = PackedDate(
      year: (pairs & 0xFF) &* 100 &+ (pairs &>> 16) & 0xFF, month: (pairs &>> 40) & 0xFF,
      day: UInt64(day & 0xFF) &* 10 &+ UInt64(day &>> 8))
    return date.exists ? date : nil
  }
}
