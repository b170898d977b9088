/// The rows of a CSV file, one after the other, however large the file. A cancelled task reads no
/// further.
public struct CSVFile: ~Copyable {
  /// The fields of the last row, as ranges of ``storage``.
  public var fields: [Range<Int>] { reader.fields }
  /// The bytes of the last row, among others. Valid until the next read.
  public var storage: [UInt8] { reader.input.storage }
  /// The line on which the last row began, from 1.
  public var line: Int { reader.line }
  /// The number of bytes up to and including the last row.
  public var position: Int { reader.position }
  /// The position of the last row in the file, including its line end.
  public var row: Range<Int> { reader.row }

  /// Why there is no next row.
  public enum Failure: Error, Hashable, Sendable {
    case unreadable(SystemError)
    /// The row at ``CSVFile/line`` is not CSV.
    case malformed(CSVError)
    /// The row at ``CSVFile/line`` is CSV but not a bet.
    case notABet(String)
    /// The file has another size than when it was opened: something else writes it.
    case changed
    case cancelled
  }

  /// What a last row without a line end is.
  public enum LastRow: Sendable {
    case whole
    /// A row that was not completely written, and does not count: it begins at
    /// ``CSVFile/position``.
    case torn
  }

  /// The size of the file in bytes when it was opened; 0 if it has none, like a pipe.
  public let size: Int

  private let file: File
  private let ownsFile: Bool
  private let lastRow: LastRow
  /// The bytes that are still to be read, all of which must exist. Nil reads until the file ends.
  private var rest: Range<Int>?
  private var reader: CSVReader
  private var atEnd = false

  /// Bytes per read(2): large enough that the calls do not matter.
  public static let chunkSize = 64 * 1024
  /// Bytes per read(2) of a range. Larger than ``chunkSize``, because only one range is read at a
  /// time.
  static let rangeChunkSize = 256 * 1024

  /// Opens the file at `path`, to read all of it.
  public init(path: String, lastRow: LastRow) throws(SystemError) {
    try self.init(File(reading: Path(path)), lastRow: lastRow)
  }

  /// Takes over an open file, to read all of it.
  package init(_ file: File, lastRow: LastRow) throws(SystemError) {
    size = try onError(file.close, file.size)
    self.file = file
    ownsFile = true
    self.lastRow = lastRow
    rest = nil
    reader = CSVReader(capacity: Self.chunkSize)
  }

  /// Reads the bytes at `range` of `file`, which begin with a row. If the file ends before the
  /// range does, reading fails.
  ///
  /// - Parameter file: an open file, which the caller closes.
  package init(reading range: Range<Int>, of file: File, lastRow: LastRow) {
    self.file = file
    ownsFile = false
    size = range.upperBound
    self.lastRow = lastRow
    rest = range
    reader = CSVReader(capacity: Self.rangeChunkSize, at: range.lowerBound)
  }

  deinit {
    if ownsFile { file.close() }
  }

  /// Advances to the next row. Returns false if there is none.
  public mutating func nextRow() throws(Failure) -> Bool {
    while true {
      switch try step() {
      case .row: return true
      case .end: return false
      case .needsMore:
        if atEnd { return false }
        try fill()
      }
    }
  }

  /// Advances to the next row, which must be a bet, and returns it; nil if there is no row.
  public mutating func nextBet() throws(Failure) -> BetView? {
    guard try nextRow() else { return nil }
    return try mapError({ Failure.notABet($0.description) }) { () throws(BetCSV.Failure) in
      try BetCSV.bet(reader.fields, in: reader.input.storage.span)
    }
  }

  /// Advances to the next row, which must be one of `bets.csv`, and returns its agency and its bet;
  /// nil if there is no row.
  package mutating func nextStoredBet() throws(Failure) -> (agency: UInt32, bet: BetView)? {
    guard try nextRow() else { return nil }
    return try mapError({ Failure.notABet($0.description) }) { () throws(BetCSV.Failure) in
      try BetCSV.storedBet(reader.fields, in: reader.input.storage.span)
    }
  }

  /// Advances over the plain rows of `bets.csv` that come next, as far as they have been read, and
  /// returns them by agency; possibly none.
  package mutating func takeStoredRows() -> [AgencyRun] {
    reader.takeStoredRows()
  }

  /// Adds the bets of the next rows to the batch of `builder`, until the batch is full or a row
  /// needs the general code of ``nextBet()``; possibly none.
  ///
  /// - Parameter offset: the number of bets before the batch, if it begins here.
  public mutating func appendPlainBets(
    to builder: inout BatchBuilder, offset: UInt64, in frames: inout [UInt8]
  ) {
    builder.appendPlainRows(of: &reader, offset: offset, to: &frames)
  }

  private mutating func step() throws(Failure) -> CSVReader.Step {
    do throws(CSVError) {
      return try reader.next(atEnd: atEnd && lastRow == .whole)
    } catch {
      throw .malformed(error)
    }
  }

  /// Reads more. Where a file ends that is read as a whole, its last row may be half a row if
  /// something else writes the file at the same time.
  private mutating func fill() throws(Failure) {
    // Here, so that it ends every loop over rows, also one over lines that hold nothing.
    if Task.isCancelled { throw .cancelled }
    let (file, rest) = (file, rest)
    let count = try mapError(Failure.unreadable) { () throws(SystemError) in
      try reader.input.fill { room throws(SystemError) in
        guard let rest else { return try file.read(into: room) }
        return try Self.read(rest, of: file, into: room)
      }
    }
    if let rest { self.rest = rest.dropFirst(count) }
    guard count == 0 else { return }
    if rest == nil {
      let now = try mapError(Failure.unreadable) { () throws(SystemError) in try file.size() }
      guard now == size else { throw .changed }
    }
    atEnd = true
  }

  /// Reads the first bytes of `range`. Returns 0 if the range is empty.
  private static func read(
    _ range: Range<Int>, of file: File, into room: UnsafeMutableRawBufferPointer
  ) throws(SystemError) -> Int {
    guard !range.isEmpty else { return 0 }
    let room = UnsafeMutableRawBufferPointer(rebasing: room.prefix(range.count))
    let count = try file.read(into: room, at: range.lowerBound)
    guard count > 0 else { throw .endsEarly }
    return count
  }
}
