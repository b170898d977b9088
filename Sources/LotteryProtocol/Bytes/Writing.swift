/// Writes the parts of rows and messages into room that was reserved for all of them at once.
extension OutputSpan where Element == UInt8 {
  mutating func append(copying source: Span<UInt8>) {
    precondition(source.count <= freeCapacity, "more than the reserved room")
    withUnsafeMutableBufferPointer { room, count in
      source.withUnsafeBufferPointer { source in
        // The precondition above guarantees room after the first `count` elements.
        guard let from = source.baseAddress, let to = room.baseAddress else { return }
        (to + count).initialize(from: from, count: source.count)
      }
      count += source.count
    }
  }

  mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Appends `value` in plain decimal, up to 20 digits.
  mutating func append(decimal value: some FixedWidthInteger & UnsignedInteger) {
    var rest = UInt64(value)
    var scale: UInt64 = 1
    while rest / scale >= 10 { scale *= 10 }
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / scale))
      rest %= scale
      scale /= 10
    }
  }
}

extension Array where Element == UInt8 {
  package mutating func append(copying bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
  }

  mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
    Swift.withUnsafeBytes(of: value.bigEndian) { append(contentsOf: $0) }
  }

  package mutating func append(decimal value: some FixedWidthInteger & UnsignedInteger) {
    append(addingCapacity: 20) { room in room.append(decimal: value) }
  }
}
