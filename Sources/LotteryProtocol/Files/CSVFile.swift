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

  /// Bytes behind the last row that are none, once ``nextRow()`` has found no more rows.
  public var tornBytes: Int { reader.input.unread.count }

  /// Whether a field of any row so far stood in quotes.
  public var hasSeenQuotes: Bool { reader.hasSeenQuotes }

  /// Bytes of the file when it was opened; 0 where it has no size, like a pipe.
  public let size: Int

  private let file: File
  private let lastRow: LastRow
  /// Bytes of the file that may still be read.
  private var rest: Int
  private var reader: CSVReader
  private var atEnd = false

  /// Bytes read in one go: large enough that the calls do not count.
  public static let chunkSize = 64 * 1024

  /// Opens the file at `path`.
  ///
  /// - Parameter range: the bytes to read, which begin at the front of a row; all unless given.
  public init(
    path: String, lastRow: LastRow, range: Range<Int> = 0..<Int.max
  ) throws(SystemError) {
    self.init(try File(reading: path, at: range.lowerBound), lastRow: lastRow, range: range)
  }

  /// Reads an open file, which from now on belongs to it.
  ///
  /// - Parameter range: the bytes to read; the file stands at the first of them.
  public init(_ file: File, lastRow: LastRow, range: Range<Int> = 0..<Int.max) {
    self.file = file
    size = (try? file.size()) ?? 0
    self.lastRow = lastRow
    rest = range.count
    reader = CSVReader(capacity: Self.chunkSize, at: range.lowerBound)
  }

  deinit {
    file.close()
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

  /// Goes on to the next row, which must be a bet, and returns it with the agency in front of it; 0
  /// where the file has none. Nil means that there is no row.
  public mutating func nextBet(
    hasAgency: Bool
  ) throws(Failure) -> (agency: UInt32, bet: LocatedBet)? {
    if let row = reader.nextPlainBet(hasAgency: hasAgency) { return (row.agency, row.bet) }
    guard try nextRow() else { return nil }
    do throws(BetCSV.Failure) {
      return try BetCSV.bet(reader.fields, hasAgency: hasAgency, in: reader.input.storage.span)
    } catch {
      throw .notABet(error.description)
    }
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
      let limit = rest
      let count = try reader.input.fill { room throws(SystemError) in
        try file.read(into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(limit)))
      }
      rest -= count
      atEnd = count == 0
    } catch {
      throw .unreadable(error)
    }
  }
}
