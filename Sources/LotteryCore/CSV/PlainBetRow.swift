/// A bet's row without quotes, found in one pass: what nearly all rows are.
///
/// It takes part of what ``CSVReader`` and ``BetCSV`` take together, and finds the same in it. In
/// anything else (quotes, blank lines, bad fields, a row whose end is not there yet) it finds
/// nothing; the caller falls back to those two.
package struct PlainBetRow {
  /// The agency in front of the bet, if the row has one.
  package let agency: UInt32?
  package let bet: BetView
  /// Where the next row begins.
  package let end: Int

  /// The row that begins at `start` and ends before `limit`, after which `bytes` may hold anything.
  init?(in bytes: Span<UInt8>, at start: Int, before limit: Int, hasAgency: Bool) {
    var position = start
    var agency: UInt32?
    if hasAgency {
      guard let value = bytes.takeNumber(at: &position), value > 0,
        bytes.take(.comma, at: &position)
      else { return nil }
      agency = value
    }
    guard let firstName = bytes.takePlainText(at: &position),
      let lastName = bytes.takePlainText(at: &position),
      let document = bytes.takeDocument(at: &position),
      let birthdate = bytes.takeDate(at: &position), bytes.take(.comma, at: &position),
      let number = bytes.takeNumber(at: &position), bytes.takeLineEnd(at: &position),
      position <= limit
    else { return nil }
    self.agency = agency
    bet = BetView(
      checked: (firstName, lastName, document), birthdate: birthdate, number: number)
    end = position
  }
}

extension Span where Element == UInt8 {
  /// Whether `byte` stands at `position`, which then goes on after it.
  fileprivate func take(_ byte: UInt8, at position: inout Int) -> Bool {
    guard position < count, self[position] == byte else { return false }
    position += 1
    return true
  }

  fileprivate func takeLineEnd(at position: inout Int) -> Bool {
    _ = take(.carriageReturn, at: &position)
    return take(.lineFeed, at: &position)
  }

  /// Up to ten digits; more are left for others to look at.
  fileprivate func takeNumber(at position: inout Int) -> UInt32? {
    var value: UInt64 = 0
    let start = position
    while position < count {
      let digit = self[position] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      guard position - start < 10 else { return nil }
      value = value &* 10 &+ UInt64(digit)
      position += 1
    }
    return position > start ? UInt32(exactly: value) : nil
  }

  fileprivate func takeDate(at position: inout Int) -> CalendarDate? {
    guard position + 10 <= count else { return nil }
    defer { position += 10 }
    return CalendarDate(iso: extracting(position..<(position + 10)))
  }

  /// A document and the comma after it.
  fileprivate func takeDocument(at position: inout Int) -> Range<Int>? {
    let start = position
    while position < count, self[position] &- UInt8(ascii: "0") <= 9 { position += 1 }
    let document = start..<position
    guard ProtocolLimits.documentDigits.contains(document.count), take(.comma, at: &position)
    else { return nil }
    return document
  }

  private var isTextWithoutNUL: Bool { isValidUTF8 && firstIndex(of: 0) == nil }

  /// A name and the comma after it; nil if it breaks a rule or something else ends it.
  fileprivate func takePlainText(at position: inout Int) -> Range<Int>? {
    let start = position
    let (end, isPlainASCII) = endOfPlainText(from: start)
    guard end < count, self[end] == .comma, end - start <= ProtocolLimits.textSize,
      isPlainASCII || extracting(start..<end).isTextWithoutNUL
    else { return nil }
    position = end + 1
    return start..<end
  }
}

extension Span where Element == UInt8 {
  /// The first byte from `start` on that may end a field or begin quotes, and whether all before it
  /// are ASCII and not NUL. Eight bytes are looked at in a step.
  func endOfPlainText(from start: Int) -> (end: Int, isPlainASCII: Bool) {
    var offset = start
    // Set as soon as a byte is NUL or beyond ASCII.
    var marks: UInt64 = 0
    while offset + 8 <= count {
      let word = UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
      let stops =
        word.marking(.comma) | word.marking(.quote) | word.marking(.lineFeed)
        | word.marking(.carriageReturn)
      if stops != 0 {
        let stop = stops.trailingZeroBitCount - 7
        marks |= word.marksBesidePlainASCII & ~(~0 << UInt64(stop))
        return (offset + stop / 8, marks == 0)
      }
      marks |= word.marksBesidePlainASCII
      offset += 8
    }
    while offset < count {
      switch self[offset] {
      case .comma, .quote, .lineFeed, .carriageReturn: return (offset, marks == 0)
      default:
        if !self[offset].isPlainASCII { marks = 1 }
        offset += 1
      }
    }
    return (offset, marks == 0)
  }
}

extension UInt64 {
  /// The highest bit of the lowest byte that is `byte`, and perhaps of some above it; 0 where none
  /// is (Bit Twiddling Hacks, "Determine if a word has a byte equal to n").
  fileprivate func marking(_ byte: UInt8) -> UInt64 {
    let difference = self ^ (0x0101_0101_0101_0101 &* UInt64(byte))
    return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  }
}
