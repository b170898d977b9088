/// Bets on the wire to rows of `bets.csv`, a window at a time: the mirror image of
/// ``PlainRowEncoder``.
///
/// The decoder reads three lengths, loads the 64 bytes after the first of them, and stores them
/// after the agency's number. Then it patches the commas, and stores date and number as text. Bytes
/// stored beyond the row are overwritten by the next one or cut off: the caller's room is a window
/// larger than the rows (``room(for:size:)``).
///
/// It takes a bet only if that certainly keeps every rule and needs no quotes: texts that end
/// within 62 bytes, without commas, quotes and control characters, a date that exists, a number
/// below 10^8, and a whole window left in the frame. That names are UTF-8 is checked for all rows
/// together. Anything else is left to ``BetWire`` and the general writer of rows, which are the
/// specification.
struct PlainBetDecoder {
  /// Bytes of the bets that were taken.
  private(set) var consumed = 0
  /// Bets that were taken.
  private(set) var bets = 0
  /// Where the last row begins.
  private(set) var lastRow = 0

  /// What stands in front of a row: the agency and a comma, at most eleven bytes.
  private let prefix: SIMD16<UInt8>
  private let prefixSize: Int

  /// A decoder of bets of `agency`.
  init(agency: UInt32) {
    var text: [UInt8] = []
    text.append(decimal: agency)
    text.append(.comma)
    prefixSize = text.count
    text += [UInt8](repeating: 0, count: 16 - text.count)
    prefix = SIMD16(text)
  }

  /// The room that rows of at most `bets` bets may need, of bets that take `size` bytes on the
  /// wire.
  ///
  /// A row is longer than its bet by the agency, by seven bytes for the date and its comma, by four
  /// for the number, and by the line end. After the last row lie bytes of a window that mean
  /// nothing.
  func room(for bets: Int, size: Int) -> Int {
    size + min(bets, size / Self.leastSize) * (prefixSize + 7 + 4 + 2) + ByteWindow.size
  }

  /// The least bytes of a plain bet: three lengths, a digit, date and number.
  private static let leastSize = 3 + 1 + 8

  /// Takes bets from `input`, from `start` on, and stores their rows in `output` from `end` on,
  /// until `most` bets are taken or a bet is not plain.
  ///
  /// - Returns: where the last row ends in `output`.
  mutating func decode(
    _ input: RawSpan, from start: Int, most: Int, to output: inout MutableRawSpan, at end: Int
  ) -> Int {
    var end = end
    while bets < most {
      let bet = start + consumed
      guard bet + 1 + ByteWindow.size <= input.byteCount,
        let (window, first, last, document) = Self.texts(in: input, at: bet),
        bet + 1 + document + 8 <= input.byteCount
      else { break }
      let fixed = input.word(at: bet + 1 + document, as: UInt64.self).byteSwapped
      let date = PackedDate(
        year: fixed &>> 48, month: (fixed &>> 40) & 0xFF, day: (fixed &>> 32) & 0xFF)
      let number = fixed & 0xFFFF_FFFF
      guard date.exists, number < 100_000_000 else { break }
      lastRow = end
      output.storeBytes(of: prefix, toByteOffset: end, as: SIMD16<UInt8>.self)
      end += prefixSize
      output.store(window, at: end)
      output.store(UInt8.comma, at: end + first)
      output.store(UInt8.comma, at: end + last)
      end = Self.store(date, number, to: &output, at: end + document)
      consumed += 1 + document + 8
      bets += 1
    }
    return end
  }

  /// The window over the three texts of the bet at `offset`, and where each ends in it; nil if they
  /// are not plain.
  @inline(__always)
  private static func texts(in input: RawSpan, at offset: Int) -> (ByteWindow, Int, Int, Int)? {
    let first = Int(input.word(at: offset, as: UInt8.self))
    guard first < 62 else { return nil }
    let last = first + 1 + Int(input.word(at: offset + 1 + first, as: UInt8.self))
    guard last < 62 else { return nil }
    let digits = Int(input.word(at: offset + 1 + last, as: UInt8.self))
    let document = last + 1 + digits
    guard document < 63, (1...20).contains(digits) else { return nil }
    let window = ByteWindow(input, at: offset + 1)
    // The length of the last name stands among the names, and may be any byte.
    let names = UInt64.bits(from: 0, to: last) & ~.bit(first)
    guard (window.specials | window.commas) & names == 0,
      window.nonDigits & .bits(from: last + 1, to: document) == 0
    else { return nil }
    return (window, first, last, document)
  }

  /// Stores `,YYYY-MM-DD,number` and a line end at `offset`, and returns where they end.
  @inline(__always)
  private static func store(
    _ date: PackedDate, _ number: UInt64, to output: inout MutableRawSpan, at offset: Int
  ) -> Int {
    let text =
      DigitWord.digits(of: date.year &* 10_000 &+ date.month &* 100 &+ date.day) | DigitWord.zeros
    // `,YYYY-MM`, then `-DD,`.
    let front =
      0x2C | (text & 0xFFFF_FFFF) &<< 8 | 0x2D &<< 40 | ((text &>> 32) & 0xFFFF) &<< 48
    let back = UInt32(truncatingIfNeeded: 0x2D | (text &>> 48) &<< 8 | 0x2C &<< 24)
    output.store(front, at: offset)
    output.store(back, at: offset + 8)
    let digits = DigitWord.digits(of: number)
    let leadingZeros = min(digits.trailingZeroBitCount / 8, 7)
    output.store((digits | DigitWord.zeros) &>> UInt64(8 * leadingZeros), at: offset + 12)
    let end = offset + 12 + 8 - leadingZeros
    output.store(0x0A0D as UInt16, at: end)
    return end + 2
  }
}

extension Array where Element == UInt8 {
  /// Appends the rows of the plain bets at the front of `frame`, which ends where the frame ends.
  ///
  /// - Returns: the decoder, which says how many those were; possibly none.
  mutating func appendPlainBets(
    of agency: UInt32, in frame: Span<UInt8>, most: Int
  ) -> PlainBetDecoder {
    var decoder = PlainBetDecoder(agency: agency)
    guard frame.count > ByteWindow.size else { return decoder }
    let start = count
    let end = withRoom(decoder.room(for: most, size: frame.count)) { output in
      decoder.decode(frame.bytes, from: 0, most: most, to: &output, at: start)
    }
    let isText = span.bytes.isPlainUTF8(start..<end)
    removeLast(count - (isText ? end : start))
    return isText ? decoder : PlainBetDecoder(agency: agency)
  }

  /// Runs `body` with the array's bytes, `room` zeros added. The caller cuts off what is left over.
  mutating func withRoom<Result>(
    _ room: Int, _ body: (inout MutableRawSpan) -> Result
  ) -> Result {
    var missing = room
    while missing > 0 {
      let part = Swift.min(missing, Self.zeros.count)
      append(contentsOf: Self.zeros[..<part])
      missing -= part
    }
    var elements = mutableSpan
    var bytes = elements.mutableBytes
    return body(&bytes)
  }

  /// Copied in one call: appending single zeros is slow in a debug build.
  private static let zeros = [UInt8](repeating: 0, count: 16 * 1024)
}
