/// A date as the fast path has it: year, month and day, which may not exist.
///
/// The same calendar as ``CalendarDate``, which is the specification.
struct PackedDate {
  let year: UInt64
  let month: UInt64
  let day: UInt64

  /// Whether the day exists in the years 1 to 9999.
  @inline(__always)
  var exists: Bool {
    guard year &- 1 < 9999, month &- 1 < 12, day &- 1 < 31 else { return false }
    if day <= 28 { return true }
    if month == 2 { return day == 29 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }
    return day <= 30 || (Self.longMonths &>> month) & 1 == 1
  }

  /// The digits of year, month and day; the day must exist.
  @inline(__always)
  var digits: UInt64 {
    let century = (year &* 10_486) &>> 20
    return DigitWord.digits(
      ofPairs: century | (year &- century &* 100) &<< 16 | month &<< 32 | day &<< 48)
  }

  private static let longMonths: UInt64 = 0b1_0101_1010_1010

  /// The year, the month and the day in the upper four bytes of a bet's fixed part, as the
  /// wire has them.
  @inline(__always)
  var wireBits: UInt64 { year &<< 48 | month &<< 40 | day &<< 32 }
}
