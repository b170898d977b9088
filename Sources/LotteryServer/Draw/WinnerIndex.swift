/// Where in `bets.csv` each agency's winning rows begin.
struct WinnerIndex: Sendable {
  /// The winners of one agency.
  struct Entry: Sendable {
    /// How many there are.
    private(set) var count = 0
    /// Where the first of them are: as many as there was room for.
    private(set) var positions = PositionList()
    /// Where the first one is for which there was no room.
    private(set) var firstBeyond: Int?

    /// Notes a winner, and returns how many bytes of `room` its position takes: 0 if `room` is too
    /// small.
    fileprivate mutating func add(_ position: Int, room: Int) -> Int {
      count += 1
      let size = positions.size(adding: position)
      guard size <= room else {
        firstBeyond = firstBeyond ?? position
        return 0
      }
      positions.append(position)
      return size
    }

    /// Notes `count` winners whose positions are not known, the first of them at `position`.
    fileprivate mutating func add(_ count: Int, beyond position: Int) {
      self.count += count
      firstBeyond = firstBeyond ?? position
    }
  }

  /// Bytes that the positions of all agencies may take together: room for 4 to 16 million winners.
  /// Arrays grow by doubling, so up to twice as much may be reserved.
  static let sizeLimit = 16 * 1024 * 1024

  /// Bytes that the positions may still take. 0 from the first position on that does not fit: the
  /// positions of an agency must have no gap.
  private var room: Int
  private var entries: [UInt32: Entry] = [:]

  /// An empty index for at most `sizeLimit` bytes of positions.
  init(sizeLimit: Int) {
    room = sizeLimit
  }

  /// Notes a winner of `agency` whose row begins at `position`, after all that were noted before.
  mutating func add(_ position: Int, of agency: UInt32) {
    let taken = entries[agency, default: Entry()].add(position, room: room)
    room = taken > 0 ? room - taken : 0
  }

  /// Notes the winners that `scan` finds of the agencies from 1 to `agencies`, as long as
  /// `isWanted` returns true.
  ///
  /// - Returns: the scan where it ended.
  mutating func add(
    _ scan: WinnerScan, agencies: Int, while isWanted: () -> Bool
  ) throws(StorageError) -> WinnerScan {
    var scan = scan
    while isWanted(), let winners = try scan.next() {
      for winner in winners where winner.agency <= agencies {
        add(winner.position, of: winner.agency)
      }
    }
    return scan
  }

  /// Notes the winners of `next`, which are after all that were noted before.
  mutating func append(_ next: WinnerIndex) {
    for (agency, entry) in next.entries {
      var known = 0
      for position in entry.positions {
        add(position, of: agency)
        known += 1
      }
      guard let beyond = entry.firstBeyond else { continue }
      entries[agency, default: Entry()].add(entry.count - known, beyond: beyond)
      room = 0
    }
  }

  /// The winners of `agency`.
  subscript(agency: UInt32) -> Entry { entries[agency, default: Entry()] }

  /// Winners of all agencies together.
  var count: Int { entries.values.reduce(0) { $0 + $1.count } }
}

/// Ascending positions in a file, as the differences between them: seven bits a byte, the lowest
/// first, and the highest bit set on all bytes but the last of each (LEB128).
struct PositionList: Sendable, Sequence {
  private var bytes: [UInt8] = []
  private var last = 0

  /// Bytes that `position` would take.
  func size(adding position: Int) -> Int {
    let bits = Int.bitWidth - (position - last).leadingZeroBitCount
    return Swift.max(1, (bits + 6) / 7)
  }

  /// Adds a position, which must not be before the last one.
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

  /// Bytes that all positions take.
  var size: Int { bytes.count }

  func makeIterator() -> Iterator { Iterator(bytes: bytes) }

  /// Iterates over the positions. A copy remembers its place.
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
