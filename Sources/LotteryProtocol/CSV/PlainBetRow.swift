/// A bet's row without quotes, found in one pass: what nearly all rows are.
///
/// It takes part of what ``CSVReader`` and ``BetCSV`` take together, and finds the same in it. In
/// anything else (quotes, blank lines, bad fields, a row whose end is not there yet) it finds
/// nothing; the caller falls back to those two.
struct PlainBetRow {
  /// The agency in front of the bet; 0 where the row has none.
  let agency: UInt32
  let bet: LocatedBet
  /// Where the next row begins.
  let end: Int

  /// The row that begins at `start` and ends before `limit`, after which `bytes` may hold anything.
  init?(in bytes: Span<UInt8>, at start: Int, before limit: Int, hasAgency: Bool) {
    var position = start
    var agency: UInt32 = 0
    if hasAgency {
      guard let value = bytes.takeNumber(at: &position), bytes.take(.comma, at: &position)
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
    bet = LocatedBet(
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

  /// A name and the comma after it; nil where it breaks a rule or something else ends it.
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
