/// A row of an agency's file that is certainly a bet: five fields in one window, no quotes, no
/// control characters, digits where digits belong, a date that exists, a number of at most eight
/// digits.
///
/// Its stops (``StopMap``) say where the fields end. The bytes at the stops, and all bytes from the
/// document on, are checked as words. Only that the names are UTF-8 is left to check, which is
/// faster for many rows together.
struct PlainRow {
  /// The offsets of the commas after the first name, the last name and the document.
  let commas: (Int, Int, Int)
  /// Date and number, most significant byte first on the wire.
  let fixedPart: UInt64
  /// Bytes of the row, its line end included.
  let size: Int
  /// Bytes on the wire: a length in front, and eight bytes of date and number after the texts.
  var wireSize: Int { 1 + commas.2 + 8 }

  /// The row at the front of `input`; nil if it is not plain.
  ///
  /// - Parameter stops: those of the window at the front of `input`.
  @inline(__always)
  init?(in input: RowBytes, stops: UInt64) {
    // Four commas and the line end, if the row is plain.
    var stops = stops
    let first = Self.takeLowest(&stops)
    let last = Self.takeLowest(&stops)
    let document = Self.takeLowest(&stops)
    let date = Self.takeLowest(&stops)
    let end = stops.trailingZeroBitCount
    // `end` is below 63, so that the line end may have two bytes.
    // The distances count a comma, too: a document has up to 20 digits, a number up to eight.
    guard end < 63, date == document + 11, (2...21).contains(document - last),
      (2...9).contains(end - date), input.word(at: first, as: UInt8.self) == .comma,
      input.word(at: last, as: UInt8.self) == .comma,
      let lineEnd = Self.lineEnd(in: input, at: end),
      Self.isDocument(in: input, at: last + 1, digits: document - last - 1),
      let birthdate = Self.date(in: input, at: document),
      let number = Self.number(in: input, before: end, digits: end - date - 1)
    else { return nil }
    self.commas = (first, last, document)
    fixedPart = birthdate.wireBits | number
    size = end + lineEnd
  }

  /// Stores the bet of the row at the front of `text`. Bytes stored after the bet mean nothing.
  @inline(__always)
  func store(from text: RowBytes, to room: RowRoom) {
    let (first, last, document) = commas
    room.store(ByteWindow(text, at: 0).bytes, at: 1)
    room.store(word: UInt8(truncatingIfNeeded: first), at: 0)
    room.store(word: UInt8(truncatingIfNeeded: last &- first &- 1), at: 1 &+ first)
    room.store(word: UInt8(truncatingIfNeeded: document &- last &- 1), at: 1 &+ last)
    room.store(word: fixedPart.byteSwapped, at: 1 &+ document)
  }

  @inline(__always)
  private static func takeLowest(_ bits: inout UInt64) -> Int {
    defer { bits &= bits &- 1 }
    return bits.trailingZeroBitCount
  }

  /// The size of the line end at `offset`, or nil if there is none.
  @inline(__always)
  private static func lineEnd(in input: RowBytes, at offset: Int) -> Int? {
    let bytes = input.word(at: offset, as: UInt16.self)
    if bytes == 0x0A0D { return 2 }
    return bytes & 0xFF == 0x0A ? 1 : nil
  }

  /// Whether `digits` digits, one to twenty, stand at `offset`.
  @inline(__always)
  static func isDocument(in input: RowBytes, at offset: Int, digits: Int) -> Bool {
    let front = input.word(at: offset, as: UInt64.self) ^ DigitWord.zeros
    if digits <= 8 { return DigitWord.above9(front &<< UInt64(8 &* (8 &- digits))) == 0 }
    // Three words cover all digits. They may overlap.
    let middle = input.word(at: offset &+ min(8, digits &- 8), as: UInt64.self) ^ DigitWord.zeros
    let back = input.word(at: offset &+ digits &- 8, as: UInt64.self) ^ DigitWord.zeros
    return DigitWord.above9(front) | DigitWord.above9(middle) | DigitWord.above9(back) == 0
  }

  /// The number whose digits, one to eight, stand before `offset`.
  @inline(__always)
  private static func number(in input: RowBytes, before offset: Int, digits: Int) -> UInt64? {
    let word = input.word(at: offset - 8, as: UInt64.self) ^ DigitWord.zeros
    let number = word & (~0 &<< UInt64(8 * (8 - digits)))
    return DigitWord.above9(number) == 0 ? DigitWord.value(of: number) : nil
  }

  /// The date that stands at `offset` as `,YYYY-MM-DD,`.
  @inline(__always)
  private static func date(in input: RowBytes, at offset: Int) -> PackedDate? {
    // What is not zero where a comma or a dash belongs is wrong, and so is a digit above 9.
    let front = input.word(at: offset, as: UInt64.self) ^ 0x3030_2D30_3030_302C
    let back = UInt64(input.word(at: offset + 8, as: UInt32.self) ^ 0x2C30_302D)
    let wrong =
      front.highBits(adding: 0x7676_7F76_7676_767F) | back.highBits(adding: 0x7F76_767F)
    guard wrong == 0 else { return nil }
    let pairs = (front &* 10) &+ (front &>> 8)
    let date = PackedDate(
      year: ((pairs &>> 8) & 0xFF) &* 100 &+ (pairs &>> 24) & 0xFF, month: (pairs &>> 48) & 0xFF,
      day: ((back &>> 8) & 0xFF) &* 10 &+ (back &>> 16) & 0xFF)
    return date.exists ? date : nil
  }
}
