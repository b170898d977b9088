package import LotteryCore
import LotteryProtocol

/// The bets in a `bets.csv`, one after the other, however large the file.
package struct BetReader: ~Copyable {
  private let path: String
  private var rows: CSVFile

  /// Opens the file at `path`.
  ///
  /// - Throws: ``StorageError/unreadable(path:_:)``
  package init(path: String) throws(StorageError) {
    self.path = path
    do throws(SystemError) {
      rows = try CSVFile(path: path, lastRow: .torn)
    } catch {
      throw .unreadable(path: path, error)
    }
  }

  /// Reads the bytes at `range` of `file`, which begin at the front of a row.
  init(reading range: Range<Int>, of file: AppendOnlyFile) {
    path = file.path
    rows = file.rows(at: range)
  }

  /// The bytes in which ``nextLocated()`` found the last bet.
  var bytes: [UInt8] { rows.storage }

  /// Bytes up to and including the last bet.
  var position: Int { rows.position }
  /// Where the row of the last bet lies.
  var row: Range<Int> { rows.row }
  /// Whether a field of any bet so far stood in quotes.
  var hasSeenQuotes: Bool { rows.hasSeenQuotes }

  /// The next bet, or nil where there is none.
  ///
  /// - Throws: ``StorageError``
  package mutating func next() throws(StorageError) -> Bet? {
    guard let (_, view) = try nextLocated() else { return nil }
    return Bet(view, in: bytes.span)
  }

  /// The next bet and its agency, left where they are.
  mutating func nextLocated() throws(StorageError) -> (agency: UInt32, bet: BetView)? {
    do throws(CSVFile.Failure) {
      return try rows.nextStoredBet()
    } catch {
      throw StorageError(error, path: path, line: rows.line)
    }
  }
}
