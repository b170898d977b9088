/// Ascending positions in a file, as the differences between them: seven bits a byte, the lowest
/// first, and the highest bit set on all bytes but the last of each (LEB128).
struct PositionList: Sendable, Sequence {
  private var bytes: [UInt8] = []
  private var last = 0

  /// Bytes that `position` is going to take.
  func size(adding position: Int) -> Int {
    let bits = Int.bitWidth - (position - last).leadingZeroBitCount
    return Swift.max(1, (bits + 6) / 7)
  }

  /// Adds a position that is not before the last one.
  mutating func append(_ position: Int) {
    precondition(position >= last, "positions must ascend")
    var rest = position - last
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
    last = position
  }

  /// Bytes that all of them take.
  var size: Int { bytes.count }

  func makeIterator() -> Iterator { Iterator(bytes: bytes) }

  /// Goes through the positions. A copy of it is a place to come back to.
  struct Iterator: IteratorProtocol, Sendable {
    fileprivate let bytes: [UInt8]
    private var index = 0
    private var last = 0

    fileprivate init(bytes: [UInt8]) {
      self.bytes = bytes
    }

    mutating func next() -> Int? {
      guard index < bytes.count else { return nil }
      var (difference, shift) = (0, 0)
      while bytes[index] > 0x7F {
        difference |= Int(bytes[index] & 0x7F) << shift
        shift += 7
        index += 1
      }
      last += difference | Int(bytes[index]) << shift
      index += 1
      return last
    }
  }
}
