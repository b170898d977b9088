/// A day that exists in the Gregorian calendar, in the years 1 to 9999.
public struct CalendarDate: Hashable, Sendable, CustomStringConvertible {
  /// 1 to 9999.
  public let year: UInt16
  /// 1 to 12.
  public let month: UInt8
  /// From 1.
  public let day: UInt8

  /// Nil if the calendar has no such day.
  @inline(__always)
  public init?(year: UInt16, month: UInt8, day: UInt8) {
    guard ProtocolLimits.years.contains(year), (1...12).contains(month), (1...31).contains(day),
      day <= 28 || day <= Self.daysInMonth(month, of: year)
    else { return nil }
    self.year = year
    self.month = month
    self.day = day
  }

  /// The day that `text` writes as `YYYY-MM-DD`, ten ASCII characters, or nil for anything else.
  public init?(iso text: Span<UInt8>) {
    let dash = UInt8(ascii: "-")
    guard text.count == 10, text[4] == dash, text[7] == dash,
      let year = UInt16(decimal: text.extracting(0..<4)),
      let month = UInt8(decimal: text.extracting(5..<7)),
      let day = UInt8(decimal: text.extracting(8..<10))
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  private static func daysInMonth(_ month: UInt8, of year: UInt16) -> UInt8 {
    switch month {
    case 4, 6, 9, 11: 30
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    default: 31
    }
  }

  /// `YYYY-MM-DD`.
  public var description: String {
    var text: [UInt8] = []
    text.append(addingCapacity: 10) { room in room.append(date: self) }
    return String(decoding: text, as: UTF8.self)
  }
}

extension OutputSpan where Element == UInt8 {
  mutating func append(date: CalendarDate) {
    append(twoDigits: UInt8(date.year / 100))
    append(twoDigits: UInt8(date.year % 100))
    append(UInt8(ascii: "-"))
    append(twoDigits: date.month)
    append(UInt8(ascii: "-"))
    append(twoDigits: date.day)
  }

  private mutating func append(twoDigits value: UInt8) {
    append(UInt8(ascii: "0") + value / 10)
    append(UInt8(ascii: "0") + value % 10)
  }
}
