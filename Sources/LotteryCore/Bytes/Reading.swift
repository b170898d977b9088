/// Reads the fields of a body from front to back. A span is its own cursor: what has been read is
/// cut off its front.
extension Span where Element == UInt8 {
  /// Takes a big-endian integer off the front, or returns nil where too few bytes are left.
  mutating func takeInteger<Integer: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Integer.Type = Integer.self
  ) -> Integer? {
    let size = MemoryLayout<Integer>.size
    guard count >= size else { return nil }
    let value = bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Integer.self)
    self = extracting(size...)
    return Integer(bigEndian: value)
  }

  /// Takes a text off the front and returns where it lies in `whole`, whose end is this span's end.
  mutating func takeText(in whole: Span<UInt8>) -> Range<Int>? {
    guard let size = takeInteger(UInt8.self), count >= Int(size) else { return nil }
    let start = whole.count - count
    self = extracting(Int(size)...)
    return start..<(start + Int(size))
  }

  /// Takes all that is left and returns where it lies in `whole`, whose end is this span's end.
  mutating func takeRest(in whole: Span<UInt8>) -> Range<Int> {
    let start = whole.count - count
    self = extracting(count...)
    return start..<whole.count
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number that these ASCII digits write, leading zeros allowed, or nil for anything else:
  /// no digit at all, another character, a number that does not fit.
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
