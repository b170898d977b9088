extension RawSpan {
  /// Whether the bytes at `range` are valid UTF-8.
  ///
  /// Names have characters of one and two bytes, and a block of bytes can be checked for those at
  /// once: a byte continues a character exactly if the byte before it begins one of two bytes. A
  /// byte that occurs only in longer characters or in no character leaves the answer to the
  /// standard library.
  func isUTF8(_ range: Range<Int>) -> Bool {
    // A block compares each byte with the one before it. So the first byte, and one at the very end
    // that begins a character, are checked separately.
    let end = range.upperBound - TextBlock.scalarCount
    guard range.lowerBound < end, beginsCharacter(at: range.lowerBound),
      word(at: range.upperBound - 1, as: UInt8.self) < 0xC0
    else { return isValidUTF8(range) }
    var wrong = TextBlock(repeating: 0)
    var offset = range.lowerBound + 1
    // Four blocks at a time, while there are bytes after them: checked against the size once.
    Span<UInt8>(_bytes: self).withRowBytes { input in
      while offset + ByteWindow.size <= end, let text = input.row(at: offset - 1) {
        wrong |= Self.wrongBytes(in: text, at: 1) | Self.wrongBytes(in: text, at: 17)
        wrong |= Self.wrongBytes(in: text, at: 33) | Self.wrongBytes(in: text, at: 49)
        offset += ByteWindow.size
      }
    }
    while offset < end {
      wrong |= wrongBytes(at: offset)
      offset += TextBlock.scalarCount
    }
    // The last block overlaps the one before.
    wrong |= wrongBytes(at: end)
    let words = unsafeBitCast(wrong, to: SIMD2<UInt64>.self)
    return words[0] | words[1] == 0 || isValidUTF8(range)
  }

  private typealias TextBlock = SIMD16<UInt8>

  /// What is not zero in the block from `offset` on is wrong in text whose characters have at most
  /// two bytes. At least one byte comes before the block.
  @inline(__always)
  private func wrongBytes(at offset: Int) -> TextBlock {
    Self.wrongBytes(
      unsafeLoadUnaligned(fromByteOffset: offset, as: TextBlock.self),
      after: unsafeLoadUnaligned(fromByteOffset: offset - 1, as: TextBlock.self))
  }

  @inline(__always)
  private static func wrongBytes(in text: RowBytes, at offset: Int) -> TextBlock {
    wrongBytes(text.load(at: offset), after: text.load(at: offset - 1))
  }

  @inline(__always)
  private static func wrongBytes(_ bytes: TextBlock, after before: TextBlock) -> TextBlock {
    let followsLead = mask((before & TextBlock(repeating: 0xE0)) .== TextBlock(repeating: 0xC0))
    let continues = mask((bytes & TextBlock(repeating: 0xC0)) .== TextBlock(repeating: 0x80))
    let isLonger = mask((bytes & TextBlock(repeating: 0xE0)) .== TextBlock(repeating: 0xE0))
    // 0xC0 and 0xC1 would begin what one byte says.
    let isOverlong = mask((bytes & TextBlock(repeating: 0xFE)) .== TextBlock(repeating: 0xC0))
    return (followsLead ^ continues) | isLonger | isOverlong
  }

  /// Whether a character of one or two bytes may begin at `offset`.
  private func beginsCharacter(at offset: Int) -> Bool {
    let byte = word(at: offset, as: UInt8.self)
    return byte < 0x80 || (0xC2..<0xE0).contains(byte)
  }

  private func isValidUTF8(_ range: Range<Int>) -> Bool {
    Span<UInt8>(_bytes: extracting(range)).isValidUTF8
  }

  @inline(__always)
  private static func mask(_ mask: SIMDMask<SIMD16<Int8>>) -> TextBlock {
    // All ones or all zeros in each byte, in either type.
    unsafeBitCast(mask, to: TextBlock.self)
  }
}
