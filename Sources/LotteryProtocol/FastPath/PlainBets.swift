/// Bets on the wire to rows of `bets.csv`, a window at a time: the mirror image of
/// ``PlainRowEncoder``.
///
/// The decoder reads three lengths, loads the 64 bytes after the first of them, and stores them
/// after the agency's number. Then it patches the commas, and stores date and number as text. Bytes
/// stored beyond the row are overwritten by the next one or not kept: the caller's room is a
/// ``RowRoom`` larger than the rows (``room(for:size:)``). The last bets of a frame are copied to
/// where a whole ``RowBytes`` can be read.
///
/// It takes a bet only if that certainly keeps every rule and needs no quotes: texts that end
/// within 62 bytes, names without commas, quotes and control characters, digits in the document, a
/// date that exists, a number below 10^8. That names are UTF-8 is checked for all rows together.
/// Anything else is left to ``BetWire`` and the general writer of rows, which are the
/// specification.
struct PlainBetDecoder {
  private(set) var consumed = 0
  private(set) var bets = 0
  /// Where the last row begins: in the room, and in the end in the array.
  fileprivate(set) var lastRow = 0

  /// What stands in front of a row: the agency and a comma, at most eleven bytes.
  private let prefix: SIMD16<UInt8>
  private let prefixSize: Int

  init(agency: UInt32) {
    var text: [UInt8] = []
    text.append(decimal: agency)
    text.append(.comma)
    var prefix = SIMD16<UInt8>()
    for index in text.indices { prefix[index] = text[index] }
    (self.prefix, prefixSize) = (prefix, text.count)
  }

  /// The room that rows of at most `bets` bets may need, of bets that take `size` bytes on the
  /// wire.
  ///
  /// A row is longer than its bet by the agency, by seven bytes for the date and its comma, by four
  /// for the number, and by the line end. After the last row lie bytes of a room that mean nothing.
  func room(for bets: Int, size: Int) -> Int {
    size + min(bets, size / Self.leastSize) * (prefixSize + 7 + 4 + 2) + RowRoom.size
  }

  /// The least bytes of a plain bet: three lengths, a digit, date and number.
  private static let leastSize = 3 + 1 + 8

  /// Takes bets from `input` and stores their rows at the front of `output`, until `most` bets are
  /// taken or a bet is not plain.
  /// - Returns: the size of the rows.
  mutating func decode(
    _ input: Span<UInt8>, most: Int, to output: RowRoom.Buffer
  ) -> Int {
    let size = input.withRowBytes {
      decode($0, limit: input.count, most: most, to: output, at: 0)
    }
    // What is left is too short to be read as ``RowBytes``, or the next bet is not plain.
    let rest = input.count - consumed
    guard bets < most, rest < RowBytes.size else { return size }
    // A bet begins before `rest`, and so many bytes can be read from there on.
    var padded = InlineArray<160, UInt8>(repeating: 0)
    assert(padded.count >= 2 * RowBytes.size)
    for index in 0..<rest { padded[index] = input[consumed + index] }
    return padded.span.withRowBytes {
      decode($0, limit: rest, most: most, to: output, at: size)
    }
  }

  /// Takes bets that end within the first `limit` bytes of `input`, and stores their rows in
  /// `output` from `start` on. Returns where the rows end.
  private mutating func decode(
    _ input: RowBytes.Buffer, limit: Int, most: Int,
    to output: RowRoom.Buffer, at start: Int
  ) -> Int {
    var (bet, end, taken) = (0, start, 0)
    // It is eleven at most. The mask changes nothing, but gives the compiler a bound.
    let (prefix, prefixSize) = (prefix, prefixSize & 15)
    while bets + taken < most, let text = input.row(at: bet),
      let (first, last, document) = Self.texts(in: text), bet + 1 + document + 8 <= limit
    {
      let fixed = text.word(at: 1 &+ document, as: UInt64.self).byteSwapped
      let number = fixed & 0xFFFF_FFFF
      guard number < 100_000_000,
        let date = CalendarDate(
          year: fixed &>> 48, month: (fixed &>> 40) & 0xFF, day: (fixed &>> 32) & 0xFF)
      else { break }
      let room = output.room(at: end)
      room.store(prefix, at: 0)
      room.store(ByteWindow(text, at: 1).bytes, at: prefixSize)
      room.store(word: UInt8.comma, at: prefixSize &+ first)
      room.store(word: UInt8.comma, at: prefixSize &+ last)
      lastRow = end
      end += Self.store(date, number, to: room, at: prefixSize &+ document)
      bet += 1 &+ document &+ 8
      taken += 1
    }
    consumed += bet
    bets += taken
    return end
  }

  /// Where the three texts of a bet end in the window after their first length; nil if they are not
  /// plain.
  @inline(__always)
  private static func texts(in bet: RowBytes) -> (Int, Int, Int)? {
    let first = Int(bet.word(at: 0, as: UInt8.self))
    guard first < 62 else { return nil }
    let last = first &+ 1 &+ Int(bet.word(at: 1 &+ first, as: UInt8.self))
    guard last < 62 else { return nil }
    let digits = Int(bet.word(at: 1 &+ last, as: UInt8.self))
    let document = last &+ 1 &+ digits
    guard document < 63, (1...20).contains(digits),
      PlainRow.isDocument(in: bet, at: 2 &+ last, digits: digits)
    else { return nil }
    // The length of the last name stands among the names, and may be any byte.
    let names = UInt64.bits(below: last) & ~.bit(first)
    guard ByteWindow(bet, at: 1).stops & names == 0 else { return nil }
    return (first, last, document)
  }

  /// Stores `,YYYY-MM-DD,number` and a line end at `offset`, and returns where they end.
  @inline(__always)
  private static func store(
    _ date: CalendarDate, _ number: UInt64, to room: RowRoom, at offset: Int
  ) -> Int {
    let text = date.digits | DigitWord.zeros
    // `,YYYY-MM`, then `-DD,`.
    let front =
      0x2C | (text & 0xFFFF_FFFF) &<< 8 | 0x2D &<< 40 | ((text &>> 32) & 0xFFFF) &<< 48
    let back = UInt32(truncatingIfNeeded: 0x2D | (text &>> 48) &<< 8 | 0x2C &<< 24)
    room.store(word: front, at: offset)
    room.store(word: back, at: offset &+ 8)
    let digits = DigitWord.digits(of: number)
    let leadingZeros = min(digits.trailingZeroBitCount / 8, 7)
    room.store(word: (digits | DigitWord.zeros) &>> UInt64(8 &* leadingZeros), at: offset &+ 12)
    let end = offset &+ 12 &+ 8 &- leadingZeros
    room.store(word: 0x0A0D as UInt16, at: end)
    return end &+ 2
  }
}

extension Array where Element == UInt8 {
  /// Appends the rows of the plain bets at the front of `frame`, the rest of a frame from one of
  /// its bets on.
  /// - Returns: the decoder, which says how many those were; possibly none.
  mutating func appendPlainBets(
    of agency: UInt32, in frame: Span<UInt8>, most: Int
  ) -> PlainBetDecoder {
    var decoder = PlainBetDecoder(agency: agency)
    let start = count
    append(room: decoder.room(for: most, size: frame.count)) { room in
      decoder.decode(frame, most: most, to: room)
    }
    guard span.bytes.isUTF8(start..<count) else {
      removeLast(count - start)
      return PlainBetDecoder(agency: agency)
    }
    decoder.lastRow += start
    return decoder
  }
}
