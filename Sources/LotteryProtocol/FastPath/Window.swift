/// 64 bytes that are looked at together: most rows and most bets fit into one window.
///
/// A property answers a question about all bytes at once. Bit i of the answer belongs to byte i, so
/// that finding the next byte of a kind is counting zero bits, and a check of a range is one mask.
///
/// Comparing vectors gives 0xFF or 0 for each byte. To make bits of them, each group of eight bytes
/// keeps one bit, group g bit g, and the groups are united in one word: an 8 by 8 matrix of bits in
/// which byte i of group g is bit g of byte i. Transposed, that is the answer. It takes the same
/// few instructions on every processor.
struct ByteWindow {
  typealias Bytes = SIMD64<UInt8>
  /// All ones for a byte that has a property, zero for any other. Not the standard library's type
  /// of masks, which the compiler may take apart, byte by byte.
  typealias Mask = SIMD8<UInt64>

  static let size = 64

  let bytes: Bytes

  @inline(__always)
  init(_ span: RawSpan, at offset: Int) {
    // Bounds-checked; any 64 bytes are a vector.
    bytes = span.unsafeLoadUnaligned(fromByteOffset: offset, as: Bytes.self)
  }

  @inline(__always)
  init(_ text: RowBytes, at offset: Int) {
    bytes = text.load(at: offset)
  }

  @inline(__always)
  func mask(of byte: UInt8) -> Mask { Self.mask(bytes .== Bytes(repeating: byte)) }

  @inline(__always)
  var controls: Mask { Self.mask(bytes .< Bytes(repeating: 0x20)) }

  @inline(__always)
  func matches(of byte: UInt8) -> UInt64 { Self.bits(mask(of: byte)) }

  /// Where the bytes are that end a field of a plain row, or that no field of it holds: commas,
  /// quotes and control characters, line ends among them.
  @inline(__always)
  var stops: UInt64 { Self.bits(mask(of: .comma) | mask(of: .quote) | controls) }

  @inline(__always)
  static func hasAny(_ mask: Mask) -> Bool { united(mask) != 0 }

  @inline(__always)
  static func bits(_ mask: Mask) -> UInt64 {
    transposed(UInt64(littleEndian: united(mask & Self.groupBits)))
  }

  @inline(__always)
  private static func united(_ mask: Mask) -> UInt64 {
    let four = mask.lowHalf | mask.highHalf
    let two = four.lowHalf | four.highHalf
    return two[0] | two[1]
  }

  @inline(__always)
  private static func mask(_ mask: SIMDMask<SIMD64<Int8>>) -> Mask {
    // All ones or all zeros in each byte, in either type.
    unsafeBitCast(mask, to: Mask.self)
  }

  /// In group g, bit g of each byte. Computed, so that it is a constant of the code: a stored one
  /// is initialized lazily, which is checked at each use.
  @inline(__always)
  private static var groupBits: SIMD8<UInt64> {
    SIMD8(
      0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0404_0404_0404_0404, 0x0808_0808_0808_0808,
      0x1010_1010_1010_1010, 0x2020_2020_2020_2020, 0x4040_4040_4040_4040, 0x8080_8080_8080_8080)
  }

  /// `matrix` with bit g of byte i as bit i of byte g (Hacker's Delight, 7-3).
  @inline(__always)
  private static func transposed(_ matrix: UInt64) -> UInt64 {
    var bits = matrix
    var swapped = (bits ^ (bits &>> 7)) & 0x00AA_00AA_00AA_00AA
    bits ^= swapped ^ (swapped &<< 7)
    swapped = (bits ^ (bits &>> 14)) & 0x0000_CCCC_0000_CCCC
    bits ^= swapped ^ (swapped &<< 14)
    swapped = (bits ^ (bits &>> 28)) & 0x0000_0000_F0F0_F0F0
    bits ^= swapped ^ (swapped &<< 28)
    return bits
  }
}

extension UInt64 {
  /// The bits below `index`, at most 63.
  @inline(__always)
  static func bits(below index: Int) -> UInt64 { bit(index) &- 1 }

  /// The bit at `index`, at most 63.
  @inline(__always)
  static func bit(_ index: Int) -> UInt64 { 1 &<< UInt64(index) }
}

extension RawSpan {
  /// The bytes at `offset` as an integer, the first one lowest. Bounds-checked.
  @inline(__always)
  func word<Integer: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as: Integer.Type = Integer.self
  ) -> Integer {
    Integer(littleEndian: unsafeLoadUnaligned(fromByteOffset: offset, as: Integer.self))
  }
}

// The unsafe pointers of the fast path: all of them are below.
//
// A span is checked against its size at each access. A row or a bet takes a dozen accesses, all
// within a fixed number of bytes. So these bytes are checked against the buffer once, and each
// access against a constant. The compiler leaves that check out where the code before has bounded
// the offset.
//
// Invariant: a span or an array lends its bytes for the time of a closure, and what is made of them
// is used in that closure only. Bytes and room of a row lie in what was lent, which is checked when
// they are made.

struct RowBytes {
  /// A window, and bytes after the texts in it.
  static let size = ByteWindow.size + 16

  private let base: UnsafeRawPointer

  struct Buffer {
    fileprivate let bytes: UnsafeRawBufferPointer

    /// The bytes from `offset` on; nil if there are fewer than ``RowBytes/size``.
    @inline(__always)
    func row(at offset: Int) -> RowBytes? {
      guard offset >= 0, bytes.count - offset >= RowBytes.size, let start = bytes.baseAddress
      else { return nil }
      return RowBytes(base: start + offset)
    }
  }

  @inline(__always)
  func load<Value: BitwiseCopyable>(at offset: Int, as: Value.Type = Value.self) -> Value {
    precondition((0...(Self.size - MemoryLayout<Value>.size)).contains(offset), "beyond the bytes")
    return base.loadUnaligned(fromByteOffset: offset, as: Value.self)
  }

  /// The bytes at `offset` as an integer, the first one lowest.
  @inline(__always)
  func word<Integer: FixedWidthInteger & BitwiseCopyable>(
    at offset: Int, as: Integer.Type = Integer.self
  ) -> Integer {
    Integer(littleEndian: load(at: offset))
  }
}

/// Room of a fixed size, to write a row or a bet to.
struct RowRoom {
  /// A row takes at most 11 bytes before the window, the window, and 22 bytes after it. The rest is
  /// spare: the compiler's bound for the 11 is 15.
  static let size = ByteWindow.size + 48

  private let base: UnsafeMutableRawPointer

  struct Buffer {
    fileprivate let bytes: UnsafeMutableRawBufferPointer

    /// The room at `offset`, which must exist.
    @inline(__always)
    func room(at offset: Int) -> RowRoom {
      guard offset >= 0, bytes.count - offset >= RowRoom.size, let start = bytes.baseAddress else {
        preconditionFailure("too little room")
      }
      return RowRoom(base: start + offset)
    }
  }

  @inline(__always)
  func store<Value: BitwiseCopyable>(_ value: Value, at offset: Int) {
    precondition((0...(Self.size - MemoryLayout<Value>.size)).contains(offset), "beyond the room")
    base.storeBytes(of: value, toByteOffset: offset, as: Value.self)
  }

  /// Stores `word` at `offset`, its lowest byte first.
  @inline(__always)
  func store(word: some FixedWidthInteger & BitwiseCopyable, at offset: Int) {
    store(word.littleEndian, at: offset)
  }
}

extension Span where Element == UInt8 {
  @inline(__always)
  func withRowBytes<Result>(_ body: (RowBytes.Buffer) -> Result) -> Result {
    withUnsafeBytes { body(RowBytes.Buffer(bytes: $0)) }
  }
}

extension Array where Element == UInt8 {
  /// Appends what `write` stores at the front of `room` bytes: as many bytes as it returns. It may
  /// store anything anywhere in the room.
  mutating func append(room: Int, _ write: (RowRoom.Buffer) -> Int) {
    append(addingCapacity: room) { output in
      output.withUnsafeMutableBufferPointer { buffer, count in
        let free = UnsafeMutableBufferPointer(rebasing: buffer[count...])
        count += write(RowRoom.Buffer(bytes: UnsafeMutableRawBufferPointer(free)))
      }
    }
  }
}

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
    let bytes = Span<UInt8>(_bytes: self)
    guard range.lowerBound < end, bytes[range.lowerBound] < 0x80, bytes[range.upperBound - 1] < 0xC0
    else { return bytes.extracting(range).isValidUTF8 }
    var wrong = TextBlock(repeating: 0)
    var offset = range.lowerBound + 1
    // Four blocks at a time, while there are bytes after them: checked against the size once.
    bytes.withRowBytes { input in
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
    return words[0] | words[1] == 0 || bytes.extracting(range).isValidUTF8
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

  @inline(__always)
  private static func mask(_ mask: SIMDMask<SIMD16<Int8>>) -> TextBlock {
    // All ones or all zeros in each byte, in either type.
    unsafeBitCast(mask, to: TextBlock.self)
  }
}
