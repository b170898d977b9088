extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number that these ASCII digits write. Leading zeros are allowed.
  ///
  /// Nil if there is no digit, if there is another character, or if the number does not fit.
  package init?(decimal digits: Span<UInt8>) {
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
