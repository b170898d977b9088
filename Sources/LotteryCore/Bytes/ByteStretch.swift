// The unsafe pointers of the fast path: all of them are in this file.
//
// A span of any size is checked against its size at each access. A row or a bet takes a dozen
// accesses, all to a stretch of one fixed size. So the stretch is checked once against the buffer,
// and each access against a constant, which the compiler leaves out where the code before has
// bounded the offset.
//
// Invariant: a buffer is lent by a span or an array for the time of a closure, in which alone its
// stretches are used; and a stretch lies in its buffer, which is checked when it is made.

/// A fixed number of bytes, to read a row or a bet from.
struct ByteStretch {
  /// Room for a window, and for what follows the texts in it.
  static let size = ByteWindow.size + 16

  private let base: UnsafeRawPointer

  /// The bytes that stretches lie in.
  struct Buffer {
    fileprivate let bytes: UnsafeRawBufferPointer

    /// The stretch at `offset`; nil if there are fewer bytes from there on.
    @inline(__always)
    func stretch(at offset: Int) -> ByteStretch? {
      guard offset >= 0, bytes.count - offset >= ByteStretch.size, let start = bytes.baseAddress
      else { return nil }
      return ByteStretch(base: start + offset)
    }
  }

  /// The bytes at `offset` as they are in memory.
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
struct ByteRoom {
  /// What is written before the window, the window, and what may follow a document that ends with
  /// it: 11, 64 and 22 bytes.
  static let size = ByteWindow.size + 48

  private let base: UnsafeMutableRawPointer

  /// The memory that rooms lie in.
  struct Buffer {
    fileprivate let bytes: UnsafeMutableRawBufferPointer

    /// The room at `offset`, which must exist.
    @inline(__always)
    func room(at offset: Int) -> ByteRoom {
      guard offset >= 0, bytes.count - offset >= ByteRoom.size, let start = bytes.baseAddress else {
        preconditionFailure("too little room")
      }
      return ByteRoom(base: start + offset)
    }
  }

  /// Stores `value` at `offset` as it is in memory.
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
  /// Calls `body` with the bytes as a buffer of stretches.
  @inline(__always)
  func withStretches<Result>(_ body: (ByteStretch.Buffer) -> Result) -> Result {
    withUnsafeBytes { body(ByteStretch.Buffer(bytes: $0)) }
  }
}

extension Array where Element == UInt8 {
  /// Appends what `write` stores at the front of so many bytes of room.
  ///
  /// - Parameter write: may store anything anywhere in the room, and returns how many bytes at its
  ///   front are to be appended. It must have stored those.
  mutating func append(room: Int, _ write: (ByteRoom.Buffer) -> Int) {
    append(addingCapacity: room) { output in
      output.withUnsafeMutableBufferPointer { buffer, count in
        let free = UnsafeMutableBufferPointer(rebasing: buffer[count...])
        count += write(ByteRoom.Buffer(bytes: UnsafeMutableRawBufferPointer(free)))
      }
    }
  }
}
