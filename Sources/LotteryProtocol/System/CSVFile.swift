/// The rows of a CSV file, one after the other, however large the file. A cancelled task reads no
/// further.
public struct CSVFile: ~Copyable {
  /// The bytes of the last row, among others. Valid until the next read.
  public var storage: [UInt8] { reader.input.storage }
  /// The line on which the last row began, from 1.
  public var line: Int { reader.line }
  /// The number of bytes up to and including the last row.
  public var position: Int { reader.position }

  /// What a last row without a line end is.
  public enum LastRow: Sendable {
    case whole
    /// A row that was not completely written, and does not count: it begins at
    /// ``CSVFile/position``.
    case torn
  }

  /// The size of the file in bytes when it was opened.
  public let size: Int

  private let file: File
  private let lastRow: LastRow
  /// Whether only the first ``size`` bytes are read, of a file that somebody else closes.
  private let isBorrowed: Bool
  package var reader: CSVReader
  private var offset = 0
  private var atEnd = false

  /// Bytes per read: large enough that the calls do not matter.
  public static let chunkSize = 64 * 1024
  /// The same for a borrowed file. Only one is read at a time.
  private static let borrowedChunkSize = 256 * 1024

  /// Opens the file at `path`, to read all of it.
  public init(path: String, lastRow: LastRow) throws(SystemError) {
    try self.init(File(reading: Path(path)), lastRow: lastRow)
  }

  /// Takes over an open file, to read all of it.
  package init(_ file: File, lastRow: LastRow) throws(SystemError) {
    size = try onError(file.close, file.size)
    self.file = file
    self.lastRow = lastRow
    isBorrowed = false
    reader = CSVReader(capacity: Self.chunkSize)
  }

  /// Reads the first `size` bytes of `file`, which the caller closes. If the file ends before,
  /// reading fails.
  package init(readingFirst size: Int, of file: File, lastRow: LastRow) {
    self.file = file
    self.size = size
    self.lastRow = lastRow
    isBorrowed = true
    reader = CSVReader(capacity: Self.borrowedChunkSize)
  }

  deinit {
    if !isBorrowed { file.close() }
  }

  /// Returns whether there is one.
  public mutating func nextRow() throws(CSVError) -> Bool {
    while true {
      switch try reader.next(atEnd: atEnd && lastRow == .whole) {
      case .row: return true
      case .end: return false
      case .needsMore:
        if atEnd { return false }
        try fill()
      }
    }
  }

  /// The next row, which must be a bet; nil if there is no row.
  public mutating func nextBet() throws(CSVError) -> BetView? {
    guard try nextRow() else { return nil }
    return try BetCSV.bet(reader.fields, in: reader.input.storage.span)
  }

  /// The next row, which must be one of `bets.csv`; nil if there is no row.
  package mutating func nextStoredBet() throws(CSVError) -> (agency: UInt32, bet: BetView)? {
    guard try nextRow() else { return nil }
    return try BetCSV.storedBet(reader.fields, in: reader.input.storage.span)
  }

  /// Reads more. Where a file ends that is read as a whole, its last row may be half a row if
  /// something else writes the file at the same time.
  private mutating func fill() throws(CSVError) {
    // Here, so that it ends every loop over rows, also one over lines that hold nothing.
    if Task.isCancelled { throw .cancelled }
    let (file, offset, rest) = (file, offset, isBorrowed ? size - offset : .max)
    let now: Int
    do throws(SystemError) {
      let count = try reader.input.fill { room throws(SystemError) in
        let room = UnsafeMutableRawBufferPointer(rebasing: room.prefix(rest))
        return rest > 0 ? try file.read(into: room, at: offset) : 0
      }
      self.offset += count ?? 0
      guard count == 0 else { return }
      if isBorrowed, rest > 0 { throw .endsEarly }
      now = isBorrowed ? size : try file.size()
    } catch {
      throw .unreadable(error)
    }
    guard now == size else { throw .changed }
    atEnd = true
  }
}
