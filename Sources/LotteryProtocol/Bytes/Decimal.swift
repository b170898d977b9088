extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number that these ASCII digits write, leading zeros allowed, or nil for anything else:
  /// no digit at all, another character, a number that does not fit.
  public init?(decimal digits: Span<UInt8>) {
    guard digits.count > 0 else { return nil }
    var value: Self = 0
    for index in digits.indices {
      let digit = digits[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = shifted.addingReportingOverflow(Self(digit))
      if tooLarge || overflow { return nil }
      value = sum
    }
    self = value
  }
}
