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
    append(addingCapacity: 20) { room in room.append(decimal: value) }
  }
}
