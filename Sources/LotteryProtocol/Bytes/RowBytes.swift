// The unsafe pointers of the fast path: all of them are in this file.
//
// A span is checked against its size at each access. A row or a bet takes a dozen accesses, all
// within a fixed number of bytes. So these bytes are checked against the buffer once, and each
// access against a constant. The compiler leaves that check out where the code before has bounded
// the offset.
//
// Invariant: a span or an array lends its bytes for the time of a closure, and what is made of them
// is used in that closure only. Bytes and room of a row lie in what was lent, which is checked when
// they are made.

/// A fixed number of bytes, to read a row or a bet from.
struct RowBytes {
  /// A window, and bytes after the texts in it.
  static let size = ByteWindow.size + 16

  private let base: UnsafeRawPointer

  /// The bytes of many rows.
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
struct RowRoom {
  /// A row takes at most 11 bytes before the window, the window, and 22 bytes after it. The rest is
  /// spare: the compiler's bound for the 11 is 15.
  static let size = ByteWindow.size + 48

  private let base: UnsafeMutableRawPointer

  /// Room for many rows.
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
  /// Calls `body` with the bytes, in which it may read rows.
  @inline(__always)
  func withRowBytes<Result>(_ body: (RowBytes.Buffer) -> Result) -> Result {
    withUnsafeBytes { body(RowBytes.Buffer(bytes: $0)) }
  }
}

extension Array where Element == UInt8 {
  /// Appends what `write` stores at the front of `room` bytes.
  ///
  /// - Parameter write: may store anything anywhere in the room, and returns how many bytes at its
  ///   front are to be appended. It must have stored those.
  mutating func append(room: Int, _ write: (RowRoom.Buffer) -> Int) {
    append(addingCapacity: room) { output in
      output.withUnsafeMutableBufferPointer { buffer, count in
        let free = UnsafeMutableBufferPointer(rebasing: buffer[count...])
        count += write(RowRoom.Buffer(bytes: UnsafeMutableRawBufferPointer(free)))
      }
    }
  }
}
