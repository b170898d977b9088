extension Span where Element == UInt8 {
  /// The first byte from `start` on that may end a field or begin quotes, and whether all before it
  /// are ASCII and not NUL. Eight bytes are looked at in a step.
  func endOfPlainText(from start: Int) -> (end: Int, isPlainASCII: Bool) {
    var offset = start
    // Set as soon as a byte is NUL or beyond ASCII.
    var marks: UInt64 = 0
    while offset + 8 <= count {
      let word = UInt64(
        littleEndian: bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
      let stops =
        word.marking(.comma) | word.marking(.quote) | word.marking(.lineFeed)
        | word.marking(.carriageReturn)
      if stops != 0 {
        let stop = stops.trailingZeroBitCount - 7
        marks |= word.marksBesidePlainASCII & ~(~0 << UInt64(stop))
        return (offset + stop / 8, marks == 0)
      }
      marks |= word.marksBesidePlainASCII
      offset += 8
    }
    while offset < count {
      switch self[offset] {
      case .comma, .quote, .lineFeed, .carriageReturn: return (offset, marks == 0)
      default:
        if !self[offset].isPlainASCII { marks = 1 }
        offset += 1
      }
    }
    return (offset, marks == 0)
  }
}

extension UInt64 {
  /// The highest bit of the lowest byte that is `byte`, and perhaps of some above it; 0 where none
  /// is (Bit Twiddling Hacks, "Determine if a word has a byte equal to n").
  fileprivate func marking(_ byte: UInt8) -> UInt64 {
    let difference = self ^ (0x0101_0101_0101_0101 &* UInt64(byte))
    return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  }
}
