/// 64 bytes that are looked at together: most rows and most bets fit into one window.
///
/// A property answers a question about all bytes at once. Bit i of the answer belongs to byte i, so
/// that finding the next byte of a kind is counting zero bits, and a check of a range is one mask.
///
/// Comparing vectors gives 0xFF or 0 for each byte. To make bits of them, one bit is kept of each of
/// eight bytes, bit i of byte i, and a multiplication sums the eight bytes in the highest one. No
/// two of them have a bit in common, so the sum is their union. That takes the same few instructions
/// on every processor.
struct ByteWindow {
  typealias Bytes = SIMD64<UInt8>

  /// Bytes in a window.
  static let size = 64

  let bytes: Bytes

  /// The window that begins at `offset`; `span` must hold ``size`` bytes from there on.
  @inline(__always)
  init(_ span: RawSpan, at offset: Int) {
    // Bounds-checked; any 64 bytes are a vector.
    bytes = span.unsafeLoadUnaligned(fromByteOffset: offset, as: Bytes.self)
  }

  /// Where `byte` is.
  @inline(__always)
  func matches(of byte: UInt8) -> UInt64 { Self.bits(bytes .== Bytes(repeating: byte)) }

  /// Where the commas are.
  @inline(__always)
  var commas: UInt64 { matches(of: .comma) }

  /// Where the bytes are that a plain row has only at its end, if at all: quotes and control
  /// characters, line ends among them.
  @inline(__always)
  var specials: UInt64 {
    Self.bits((bytes .== Bytes(repeating: .quote)) .| (bytes .< Bytes(repeating: 0x20)))
  }

  /// Where anything is but an ASCII digit.
  @inline(__always)
  var nonDigits: UInt64 {
    Self.bits((bytes &- Bytes(repeating: UInt8(ascii: "0"))) .> Bytes(repeating: 9))
  }

  @inline(__always)
  private static func bits(_ mask: SIMDMask<SIMD64<Int8>>) -> UInt64 {
    // A mask's bytes are all ones or all zeros, in memory as in the vector.
    let words = unsafeBitCast(mask, to: SIMD8<UInt64>.self)
    var bits: UInt64 = 0
    for index in 0..<8 {
      let word = UInt64(littleEndian: words[index]) & 0x8040_2010_0804_0201
      let byte = (word &* 0x0101_0101_0101_0101) &>> 56
      bits |= byte &<< UInt64(8 * index)
    }
    return bits
  }
}

extension UInt64 {
  /// The bits from `lower` on, below `upper`; both at most 63.
  @inline(__always)
  static func bits(from lower: Int, to upper: Int) -> UInt64 {
    (1 &<< UInt64(upper)) &- (1 &<< UInt64(lower))
  }

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

extension MutableRawSpan {
  /// Stores `word` at `offset`, its lowest byte first. Bounds-checked.
  @inline(__always)
  mutating func store<Integer: FixedWidthInteger & BitwiseCopyable>(
    _ word: Integer, at offset: Int
  ) {
    storeBytes(of: word.littleEndian, toByteOffset: offset, as: Integer.self)
  }

  /// Stores all bytes of `window` at `offset`, also those that mean nothing. Bounds-checked.
  @inline(__always)
  mutating func store(_ window: ByteWindow, at offset: Int) {
    storeBytes(of: window.bytes, toByteOffset: offset, as: ByteWindow.Bytes.self)
  }
}
