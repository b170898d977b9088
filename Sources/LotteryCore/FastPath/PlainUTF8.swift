extension RawSpan {
  /// Whether the bytes at `range` are valid UTF-8.
  ///
  /// Names have characters of one and two bytes, and sixteen bytes at a time can be checked for
  /// those: a byte continues a character exactly if the byte before it begins one of two bytes. A
  /// byte that only longer characters have, or none, leaves the answer to the standard library.
  func isPlainUTF8(_ range: Range<Int>) -> Bool {
    typealias Bytes = SIMD16<UInt8>
    // Every position is compared with the one before it.
    guard range.count > 16, word(at: range.lowerBound, as: UInt8.self) < 0x80 else {
      return isValidUTF8(range)
    }
    var wrong = Bytes(repeating: 0)
    var offset = range.lowerBound + 1
    while offset + 16 <= range.upperBound {
      let bytes = unsafeLoadUnaligned(fromByteOffset: offset, as: Bytes.self)
      let before = unsafeLoadUnaligned(fromByteOffset: offset - 1, as: Bytes.self)
      let followsLead = mask((before & Bytes(repeating: 0xE0)) .== Bytes(repeating: 0xC0))
      let continues = mask((bytes & Bytes(repeating: 0xC0)) .== Bytes(repeating: 0x80))
      let isLonger = mask((bytes & Bytes(repeating: 0xE0)) .== Bytes(repeating: 0xE0))
      // 0xC0 and 0xC1 would begin what one byte says.
      let isOverlong = mask((bytes & Bytes(repeating: 0xFE)) .== Bytes(repeating: 0xC0))
      wrong |= (followsLead ^ continues) | isLonger | isOverlong
      offset += 16
    }
    let words = unsafeBitCast(wrong, to: SIMD2<UInt64>.self)
    guard words[0] | words[1] == 0 else { return isValidUTF8(range) }
    // The rest begins where a character does.
    while word(at: offset - 1, as: UInt8.self) >= 0x80 { offset -= 1 }
    return isValidUTF8(offset..<range.upperBound)
  }

  private func isValidUTF8(_ range: Range<Int>) -> Bool {
    Span<UInt8>(_bytes: extracting(range)).isValidUTF8
  }

  @inline(__always)
  private func mask(_ mask: SIMDMask<SIMD16<Int8>>) -> SIMD16<UInt8> {
    // All ones or all zeros in each byte, in either type.
    unsafeBitCast(mask, to: SIMD16<UInt8>.self)
  }
}
