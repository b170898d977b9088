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
