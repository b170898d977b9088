/// Bytes from a socket or a file that have not been decoded yet.
///
/// Bounded by its capacity. An empty buffer owns no memory until it is filled. It begins small, and
/// grows while reads fill it, so that thousands of silent or slow connections cost little.
package struct InputBuffer: ~Copyable {
  /// The bytes. Only those in ``unread`` mean anything.
  package private(set) var storage: [UInt8] = []
  /// The range in ``storage`` of the bytes that have not been consumed.
  package private(set) var unread: Range<Int> = 0..<0
  private let capacity: Int

  /// The least memory that it takes, in bytes: room for a small agency's batches.
  private static let leastSize = 960
  /// The memory that it takes next time, in bytes. Follows the size of the reads.
  private var size = Self.leastSize

  /// Whether the last ``fill(_:)`` left no room, so that more may be there to read at once.
  private(set) var wasFilled = false

  package init(capacity: Int) { self.capacity = capacity }

  package var isFull: Bool { unread.count == capacity }

  package mutating func consume(_ count: Int) {
    precondition(count <= unread.count, "consumed more than there is")
    unread = (unread.lowerBound + count)..<unread.upperBound
    if unread.isEmpty { unread = 0..<0 }
  }

  package mutating func releaseIfEmpty() { if unread.isEmpty { storage = [] } }

  /// Releases the memory that the unread bytes do not need, until the buffer is filled again.
  package mutating func shrink() {
    guard storage.count > 2 * unread.count else { return }
    storage = Array(storage[unread])
    unread = 0..<unread.count
  }

  /// Appends what `read` writes into the free room after the unread bytes.
  /// - Parameter read: gets the free room, which is empty only if the buffer is full, and returns
  ///   the number of bytes that it wrote to the front; nil if none were there yet.
  /// - Returns: what `read` returned.
  package mutating func fill<Failure: Error>(
    _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int?
  ) throws(Failure) -> Int? {
    // Small reads before must not leave a large message without room.
    grow(to: max(size, unread.count + 1))
    moveToFront()
    let end = unread.upperBound
    assert(end < storage.count || isFull, "0 must not mean that there was no room")
    // The pointer is valid for the call only, and covers the part of the array after `end`.
    let count = try storage.withUnsafeMutableBufferPointer { bytes throws(Failure) in
      try read(UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: bytes[end...])))
    }
    wasFilled = count == storage.count - end
    guard let count else { return nil }
    precondition((0...(storage.count - end)).contains(count), "read more than there was room for")
    unread = unread.lowerBound..<(end + count)
    adapt(to: count)
    return count
  }

  /// Appends as many of `bytes` as there is room for, and returns their number.
  @discardableResult
  package mutating func append(copying bytes: Span<UInt8>) -> Int {
    var taken = 0
    while taken < bytes.count, !isFull {
      let rest = bytes.extracting(taken...)
      let count = fill { room in
        rest.withUnsafeBytes { source in
          let count = min(room.count, source.count)
          room.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
          return count
        }
      }
      taken += count ?? 0
    }
    return taken
  }

  /// Overwrites one byte, for a decoder that unescapes in place.
  mutating func replace(at index: Int, with byte: UInt8) { storage[index] = byte }

  /// Adapts the size: more if the last read filled the memory, less if it used little.
  private mutating func adapt(to count: Int) {
    if wasFilled {
      size = 2 * storage.count
    } else if count < size / 4 {
      size = max(size / 2, Self.leastSize)
    }
    size = min(size, max(capacity, Self.leastSize))
  }

  /// Moves the unread bytes to the front, if there is little room after them.
  private mutating func moveToFront() {
    let moved = unread
    guard moved.lowerBound > 0, storage.count - moved.upperBound < storage.count / 2 else { return }
    storage.withUnsafeMutableBytes { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[moved]))
    }
    unread = 0..<moved.count
  }

  private mutating func grow(to size: Int) {
    let missing = min(size, capacity) - storage.count
    guard missing > 0 else { return }
    if storage.isEmpty {
      storage = [UInt8](repeating: 0, count: missing)
    } else {
      storage += repeatElement(0, count: missing)
    }
  }
}
