/// Bytes that have arrived and are not used up yet: what a decoder reads from, whether they came
/// from a socket or from a file.
///
/// Bounded by its capacity. It owns no memory while it is empty and nobody fills it, begins small,
/// and grows while what arrives fills it up: thousands of connections that are silent or slow cost
/// little.
public struct InputBuffer: ~Copyable {
  /// The bytes; only those in ``unread`` mean anything. Empty while there are none.
  public private(set) var storage: [UInt8] = []
  /// Where the bytes that have not been consumed lie in ``storage``.
  public private(set) var unread: Range<Int> = 0..<0
  /// The most bytes that it holds at a time.
  public let capacity: Int

  /// The least memory that it takes: room for a small agency's batches.
  static let leastSize = 2 * 1024
  /// The memory that it will take, learned from how much arrived before.
  private var size = Self.leastSize

  /// An empty buffer for at most `capacity` bytes.
  public init(capacity: Int) {
    self.capacity = capacity
  }

  /// Whether no more bytes can be taken before some are consumed.
  public var isFull: Bool { unread.count == capacity }

  /// Marks the first `count` unread bytes as used up.
  public mutating func consume(_ count: Int) {
    precondition(count <= unread.count, "consumed more than there is")
    unread = (unread.lowerBound + count)..<unread.upperBound
    if unread.isEmpty { unread = 0..<0 }
  }

  /// Gives the memory back if all bytes are used up.
  public mutating func releaseIfEmpty() {
    if unread.isEmpty { storage = [] }
  }

  /// Gives back the memory that the unread bytes do not need, for as long as nobody fills it.
  public mutating func shrink() {
    guard storage.count > 2 * unread.count else { return }
    storage = Array(storage[unread])
    unread = 0..<unread.count
  }

  /// Takes what `read` puts into the free room after the unread bytes.
  ///
  /// - Parameter read: gets the free room, never empty unless the buffer is full, and returns how
  ///   many bytes it wrote to its beginning.
  /// - Returns: what `read` returned.
  public mutating func fill<Failure: Error>(
    _ read: (UnsafeMutableRawBufferPointer) throws(Failure) -> Int
  ) throws(Failure) -> Int {
    makeRoom()
    let end = unread.upperBound
    assert(end < storage.count || isFull, "0 must not mean that there was no room")
    // The pointer is lent for the call only, and covers the part of the array after `end`.
    let result = storage.withUnsafeMutableBytes { bytes -> Result<Int, Failure> in
      do throws(Failure) {
        return .success(try read(UnsafeMutableRawBufferPointer(rebasing: bytes[end...])))
      } catch {
        return .failure(error)
      }
    }
    let count = try result.get()
    precondition((0...(storage.count - end)).contains(count), "read more than there was room for")
    unread = unread.lowerBound..<(end + count)
    adapt(to: count)
    return count
  }

  /// Takes a copy of as much of `bytes` as there is room for, and returns how many that were.
  @discardableResult
  public mutating func append(copying bytes: Span<UInt8>) -> Int {
    var taken = 0
    while taken < bytes.count, !isFull {
      let rest = bytes.extracting(taken...)
      taken += fill { room in
        rest.withUnsafeBytes { source in
          let count = min(room.count, source.count)
          room.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[..<count]))
          return count
        }
      }
    }
    return taken
  }

  /// Overwrites one byte, for a decoder that unescapes in place.
  mutating func replace(at index: Int, with byte: UInt8) {
    storage[index] = byte
  }

  /// Takes more memory if the last read used it up, less next time if it hardly used any.
  private mutating func adapt(to count: Int) {
    if unread.upperBound == storage.count {
      size = 2 * storage.count
    } else if count < size / 4 {
      size = max(size / 2, Self.leastSize)
    }
    size = min(size, max(capacity, Self.leastSize))
  }

  /// Makes room after the unread bytes where it is small: by growing, and by moving them to the
  /// front.
  private mutating func makeRoom() {
    // What was learned from small reads must not leave a large message without room.
    grow(to: max(size, unread.count + 1))
    let first = unread.lowerBound
    guard first > 0, storage.count - unread.upperBound < storage.count / 2 else { return }
    let moved = unread
    storage.withUnsafeMutableBytes { bytes in
      bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[moved]))
    }
    unread = 0..<moved.count
  }

  private mutating func grow(to size: Int) {
    let missing = min(size, capacity) - storage.count
    if missing > 0 { storage += [UInt8](repeating: 0, count: missing) }
  }
}
