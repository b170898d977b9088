/// Rows of an agency's file to bets on the wire, a window at a time.
///
/// The three texts of a row lie on the wire as they lie in the file, one byte later, each comma
/// replaced by the length of the text after it:
///
///     file   Ana,Paz,28113455,1987-11-02,42\r\n
///     wire  3Ana3Paz8281134557.11.2....
///
/// So the encoder finds the commas and the end of the row as bits, stores 64 bytes of the row one
/// byte further on, patches three lengths, and stores date and number as one word over what follows
/// the document. Bytes that were stored beyond the bet are overwritten by the next one, or not
/// kept: the caller's room is a ``RowRoom`` larger than what is kept.
///
/// It takes a ``PlainRow`` only. That names are UTF-8 is checked for all rows together. Anything
/// else is left to ``CSVReader`` and ``BetCSV``, which are the specification.
struct PlainRowEncoder {
  private(set) var consumed = 0
  private(set) var lastRowSize = 0
  private(set) var rows = 0

  /// Room beyond the limit: a bet is stored into a whole ``RowRoom``.
  static let slack = RowRoom.size

  /// Takes rows from `input` and stores their bets at the front of `output`, until `most` rows are
  /// taken, the bets would take more than `limit` bytes, or a row is not plain.
  /// - Returns: the size of the bets.
  mutating func encode(
    _ input: Span<UInt8>, to output: RowRoom.Buffer,
    limit: Int, most: Int
  ) -> Int {
    var map = StopMap()
    var end = 0
    input.withRowBytes { input in
      while rows < most, let text = input.row(at: consumed),
        let bet = PlainRow(in: text, stops: map.stops(in: input, at: consumed)),
        end + bet.wireSize <= limit
      {
        bet.store(from: text, to: output.room(at: end))
        end += bet.wireSize
        consumed += bet.size
        lastRowSize = bet.size
        rows += 1
      }
    }
    return end
  }
}

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
  let size: Int
  /// Bytes on the wire: a length in front, and eight bytes of date and number after the texts.
  var wireSize: Int { 1 + commas.2 + 8 }

  /// The row at the front of `input`; nil if it is not plain.
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
  private static func date(in input: RowBytes, at offset: Int) -> CalendarDate? {
    // What is not zero where a comma or a dash belongs is wrong, and so is a digit above 9.
    let front = input.word(at: offset, as: UInt64.self) ^ 0x3030_2D30_3030_302C
    let back = UInt64(input.word(at: offset + 8, as: UInt32.self) ^ 0x2C30_302D)
    let wrong =
      front.highBits(adding: 0x7676_7F76_7676_767F) | back.highBits(adding: 0x7F76_767F)
    guard wrong == 0 else { return nil }
    let pairs = (front &* 10) &+ (front &>> 8)
    return CalendarDate(
      year: ((pairs &>> 8) & 0xFF) &* 100 &+ (pairs &>> 24) & 0xFF, month: (pairs &>> 48) & 0xFF,
      day: ((back &>> 8) & 0xFF) &* 10 &+ (back &>> 16) & 0xFF)
  }
}

/// Where the stops of many rows are: commas, quotes and control characters, a bit for each byte.
///
/// A row begins where the row before it ends. If each row had a window of its own, the next row
/// could not start before this one was understood, and bytes that two windows share would be looked
/// at twice. So blocks of 64 bytes are looked at ahead of the rows, wherever those begin,
/// and the bits of a row are cut out of those of two blocks.
struct StopMap {
  /// The most blocks that are looked at together. More would look too far beyond the end of a
  /// batch.
  private static let mostBlocks = 16

  /// Blocks to look at next time: few at first, for a caller that stops at the first row.
  private var blocks = 2
  /// The bits of the blocks from ``start`` on. Those from ``end`` on mean nothing. One word more
  /// than blocks: the word after a row's own is always read.
  private var words = InlineArray<17, UInt64>(repeating: 0)
  private var start = 0
  private var end = 0

  /// The stops among the 64 bytes from `offset` on.
  /// - Precondition: `input` has a row's bytes at `offset`.
  @inline(__always)
  mutating func stops(in input: RowBytes.Buffer, at offset: Int) -> UInt64 {
    if offset < start || offset + ByteWindow.size > end { look(at: input, from: offset) }
    let distance = offset - start
    let shift = UInt64(distance % ByteWindow.size)
    let block = distance / ByteWindow.size
    // Shifted twice: the second word must vanish if the shift is 0.
    return words[block] &>> shift | (words[block + 1] &<< 1) &<< (63 - shift)
  }

  private mutating func look(at input: RowBytes.Buffer, from offset: Int) {
    start = offset
    end = offset
    var block = 0
    while block < blocks, let text = input.row(at: end) {
      words[block] = ByteWindow(text, at: 0).stops
      end += ByteWindow.size
      block += 1
    }
    blocks = min(2 * blocks, Self.mostBlocks)
  }
}

/// Eight decimal digits in the bytes of a word, the first digit in the lowest byte: written and
/// read without a loop (SIMD within a register).
enum DigitWord {
  /// The number that eight digits write, each byte 0 to 9.
  ///
  /// Neighbours are joined: digits to pairs, pairs to fours, fours to the number.
  @inline(__always)
  static func value(of digits: UInt64) -> UInt64 {
    let pairs = (digits &* 10) &+ (digits &>> 8)
    let low = (pairs & 0x0000_00FF_0000_00FF) &* (100 + (1_000_000 << 32))
    let high = ((pairs &>> 16) & 0x0000_00FF_0000_00FF) &* (1 + (10_000 << 32))
    return (low &+ high) &>> 32
  }

  /// The digits of `value`, which must be below 10^8, each byte 0 to 9.
  ///
  /// Divisions by 10,000 and 100 are multiplications with the next larger 1/n in fixed point, which
  /// is exact for all values that occur.
  @inline(__always)
  static func digits(of value: UInt64) -> UInt64 {
    let upper = (value &* 109_951_163) &>> 40
    let fours = upper | (value &- upper &* 10_000) &<< 32
    let hundreds = ((fours &* 10_486) &>> 20) & 0x0000_007F_0000_007F
    return digits(ofPairs: hundreds | (fours &- hundreds &* 100) &<< 16)
  }

  /// The digits of four numbers below 100, the first in the lowest sixteen bits of `pairs`. Divides
  /// by 10 in the same way.
  @inline(__always)
  static func digits(ofPairs pairs: UInt64) -> UInt64 {
    let tens = ((pairs &* 103) &>> 10) & 0x000F_000F_000F_000F
    return tens | (pairs &- tens &* 10) &<< 8
  }

  /// Eight characters `0`. Exclusive or with it turns bytes 0 to 9 into ASCII digits, and back.
  static let zeros: UInt64 = 0x3030_3030_3030_3030

  /// The highest bit of each byte of `bytes` that is above 9. Unlike the other functions this takes
  /// any bytes.
  @inline(__always)
  static func above9(_ bytes: UInt64) -> UInt64 { bytes.highBits(adding: 0x7676_7676_7676_7676) }
}

extension UInt64 {
  /// The highest bit of each byte that has it, or gets it when the byte of `word` is added: 0x76
  /// finds bytes above 9, 0x7F finds those that are not zero.
  @inline(__always)
  func highBits(adding word: UInt64) -> UInt64 {
    (((self & 0x7F7F_7F7F_7F7F_7F7F) &+ word) | self) & 0x8080_8080_8080_8080
  }
}

/// The word form of a date. ``CalendarDate`` says whether the day exists.
extension CalendarDate {
  @inline(__always)
  init?(year: UInt64, month: UInt64, day: UInt64) {
    self.init(
      year: UInt16(truncatingIfNeeded: year), month: UInt8(truncatingIfNeeded: month),
      day: UInt8(truncatingIfNeeded: day))
  }

  @inline(__always)
  var digits: UInt64 {
    let year = UInt64(year)
    let century = (year &* 10_486) &>> 20
    return DigitWord.digits(
      ofPairs: century | (year &- century &* 100) &<< 16 | UInt64(month) &<< 32
        | UInt64(day) &<< 48)
  }

  /// The year, the month and the day in the upper four bytes of a bet's fixed part, as the
  /// wire has them.
  @inline(__always)
  var wireBits: UInt64 { UInt64(year) &<< 48 | UInt64(month) &<< 40 | UInt64(day) &<< 32 }
}
