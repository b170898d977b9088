extension Array where Element == UInt8 {
  /// Appends a copy of `bytes`.
  public mutating func append(copying bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
  }

  /// Appends `value` in big-endian order.
  mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  /// Appends `value` in plain decimal.
  public mutating func append(decimal value: some FixedWidthInteger & UnsignedInteger) {
    let start = count
    var rest = UInt64(value)
    repeat {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10))
      rest /= 10
    } while rest > 0
    self[start...].reverse()
  }

  /// Appends `date` as `YYYY-MM-DD`.
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
