/// Where in `bets.csv` each agency's winning rows begin.
struct WinnerIndex: Sendable {
  /// The winners of one agency.
  struct Entry: Sendable {
    /// How many there are.
    private(set) var count = 0
    /// Where they are, as far as there was room.
    private(set) var positions = PositionList()
    /// Where the first one is for which there was none.
    private(set) var firstBeyond: Int?

    /// Notes a winner, and returns how many bytes of `room` its position takes: 0 if there are too
    /// few.
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
  }

  /// Bytes that the positions of all agencies may take together: room for 4 to 16 million winners.
  /// Arrays grow by doubling, so that up to twice as much may be reserved.
  static let sizeLimit = 16 * 1024 * 1024

  /// Bytes that the positions may still take. Once a position finds no room, there is none for any
  /// other: an agency's positions must have no gap.
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

  /// The winners of `agency`.
  subscript(agency: UInt32) -> Entry { entries[agency, default: Entry()] }

  /// Winners of all agencies together.
  var count: Int { entries.values.reduce(0) { $0 + $1.count } }
}
