public import LotteryCore

/// The rows of a CSV file, one after the other, however large the file.
public struct CSVFile: ~Copyable {
  /// The last row that ``nextRow()`` found.
  public var fields: [Range<Int>] { reader.fields }
  /// The bytes that ``fields`` are ranges of.
  public var storage: [UInt8] { reader.input.storage }
  /// The line on which the last row began, from 1.
  public var line: Int { reader.line }
  /// Bytes of the file up to and including the last row.
  public var position: Int { reader.position }
  /// Where the last row lies in the file, its line end included.
  public var row: Range<Int> { reader.row }

  /// Why there is no next row.
  public enum Failure: Error, Hashable, Sendable {
    /// The file cannot be read.
    case unreadable(SystemError)
    /// The row at ``CSVFile/line`` is not CSV.
    case malformed(CSVError)
    /// The row at ``CSVFile/line`` is CSV, and no bet.
    case notABet(String)
  }

  /// What the end of the file means for a last row that has no line end.
  public enum LastRow: Sendable {
    /// It is a row like any other.
    case whole
    /// It was torn off while it was written, and is none: see ``CSVFile/tornBytes``.
    case torn
  }

  /// Bytes after the last row that are none, once ``nextRow()`` has found no more rows.
  public var tornBytes: Int { reader.input.unread.count }

  /// Whether a field of any row so far stood in quotes.
  public var hasSeenQuotes: Bool { reader.hasSeenQuotes }

  /// Bytes of the file when it was opened; 0 where it has no size, like a pipe.
  public let size: Int

  private let file: File
  private let ownsFile: Bool
  private let lastRow: LastRow
  /// The bytes that must still be read, where it is known which; nil reads on until the file ends.
  private var rest: Range<Int>?
  private var reader: CSVReader
  private var atEnd = false

  /// Bytes read in one go: large enough that the calls do not count.
  public static let chunkSize = 64 * 1024

  /// Opens the file at `path`, to read all of it.
  public init(path: String, lastRow: LastRow) throws(SystemError) {
    self.init(try File(reading: path), lastRow: lastRow)
  }

  /// Reads all of an open file, which from now on belongs to it.
  package init(_ file: File, lastRow: LastRow) {
    self.file = file
    ownsFile = true
    size = (try? file.size()) ?? 0
    self.lastRow = lastRow
    rest = nil
    reader = CSVReader(capacity: Self.chunkSize)
  }

  /// Reads the bytes at `range` of `file`, which begin at the front of a row. A file that ends
  /// before they do cannot be read; it is not one that ends there.
  ///
  /// - Parameter file: an open file, which the caller closes.
  package init(reading range: Range<Int>, of file: File, lastRow: LastRow) {
    self.file = file
    ownsFile = false
    size = range.upperBound
    self.lastRow = lastRow
    rest = range
    reader = CSVReader(capacity: Self.chunkSize, at: range.lowerBound)
  }

  deinit {
    if ownsFile { file.close() }
  }

  /// Goes on to the next row; false means that there is none.
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

  /// Goes on to the next row, which must be a bet, and returns it; nil if there is no row.
  ///
  /// - Parameter allowsNUL: whether names may hold NUL.
  public mutating func nextBet(allowsNUL: Bool = false) throws(Failure) -> BetView? {
    if let row = reader.nextPlainBet(hasAgency: false) { return row.bet }
    guard try nextRow() else { return nil }
    return try mapError({ Failure.notABet($0.description) }) { () throws(BetCSV.Failure) in
      try BetCSV.bet(reader.fields, in: reader.input.storage.span, allowsNUL: allowsNUL)
    }
  }

  /// Goes on to the next row, which must be one of `bets.csv`, and returns its agency and its bet; nil
  /// if there is no row.
  package mutating func nextStoredBet() throws(Failure) -> (agency: UInt32, bet: BetView)? {
    if let row = reader.nextPlainBet(hasAgency: true), let agency = row.agency {
      return (agency, row.bet)
    }
    guard try nextRow() else { return nil }
    return try mapError({ Failure.notABet($0.description) }) { () throws(BetCSV.Failure) in
      try BetCSV.storedBet(reader.fields, in: reader.input.storage.span)
    }
  }

  /// Goes on over the plain rows of `bets.csv` that come next, as far as they have been read, and
  /// returns them by agency; possibly none.
  package mutating func takeStoredRows() -> [AgencyRun] {
    reader.takeStoredRows()
  }

  /// Puts the bets of the plain rows that come next into the batch of `builder`, as far as there is
  /// room for them; possibly none.
  ///
  /// - Parameter offset: the bets that precede the batch, should it begin here.
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

  private mutating func fill() throws(Failure) {
    do throws(SystemError) {
      let (file, rest) = (file, rest)
      let count = try reader.input.fill { room throws(SystemError) in
        guard let rest else { return try file.read(into: room) }
        return try Self.read(rest, of: file, into: room)
      }
      if let rest { self.rest = rest.dropFirst(count) }
      atEnd = count == 0
    } catch {
      throw .unreadable(error)
    }
  }

  /// Reads what lies at the front of `range`; 0 means that it is empty.
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
