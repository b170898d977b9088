public import LotteryProtocol

/// The bets in a `bets.csv`, one after the other, however large the file.
public struct BetReader: ~Copyable {
  private let path: String
  private var rows: CSVFile

  /// Columns of a row: the agency, then the bet.
  private static let columns = 1 + BetCSV.columns

  /// Opens the file at `path`.
  ///
  /// - Throws: ``StorageError/unreadable(path:_:)``
  public init(path: String) throws(StorageError) {
    self.path = path
    do throws(SystemError) {
      rows = try CSVFile(path: path, lastRow: .torn)
    } catch {
      throw .unreadable(path: path, error)
    }
  }

  /// The bytes in which ``nextLocated()`` found the last bet.
  var bytes: [UInt8] { rows.storage }

  /// Bytes up to and including the last bet.
  var position: Int { rows.position }
  /// Bytes behind the last bet, once there are no more bets.
  var tornBytes: Int { rows.tornBytes }

  /// The next bet, or nil where there is none.
  ///
  /// - Throws: ``StorageError``
  public mutating func next() throws(StorageError) -> Bet? {
    guard let (agency, located) = try nextLocated() else { return nil }
    return Bet(agency: agency, located, in: bytes.span)
  }

  /// The next bet and its agency, left where they are.
  mutating func nextLocated() throws(StorageError) -> (UInt32, LocatedBet)? {
    guard try nextRow() else { return nil }
    guard rows.fields.count == Self.columns else {
      throw damaged("\(rows.fields.count) fields instead of \(Self.columns)")
    }
    let storage = rows.storage
    guard let agency = UInt32(decimal: storage.span.extracting(rows.fields[0])) else {
      throw damaged("the agency is not a number")
    }
    do throws(BetRuleViolation) {
      return (agency, try BetCSV.bet(rows.fields[...], in: storage.span))
    } catch {
      throw damaged(error.description)
    }
  }

  private mutating func nextRow() throws(StorageError) -> Bool {
    do throws(CSVFile.Failure) {
      return try rows.nextRow()
    } catch {
      switch error {
      case .unreadable(let error): throw .unreadable(path: path, error)
      case .malformed(let error): throw damaged(error.description)
      }
    }
  }

  private func damaged(_ reason: String) -> StorageError {
    .damaged(path: path, line: rows.line, reason: reason)
  }
}
