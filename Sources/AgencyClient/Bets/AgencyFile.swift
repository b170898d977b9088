import LotteryProtocol

/// The bets of an agency's file, one after the other, however large the file.
struct AgencyFile: ~Copyable {
  private let path: String
  private var rows: CSVFile

  /// Opens the file at `path`.
  init(path: String) throws(AgencyError) {
    self.path = path
    do throws(SystemError) {
      rows = try CSVFile(path: path, lastRow: .whole)
    } catch {
      throw .unreadable(path: path, error)
    }
  }

  /// The bytes in which ``next()`` found the last bet.
  var bytes: [UInt8] { rows.storage }

  /// The next bet, or nil where there is none.
  ///
  /// - Throws: ``AgencyError/badRow(path:line:reason:)`` where the row is no bet.
  mutating func next() throws(AgencyError) -> LocatedBet? {
    guard try nextRow() else { return nil }
    guard rows.fields.count == BetCSV.columns else {
      throw badRow(
        "\(rows.fields.count) fields: must be \(BetCSV.columns) "
          + "(first name, last name, document, birthdate, number)")
    }
    let bytes = rows.storage
    do throws(BetRuleViolation) {
      return try BetCSV.bet(rows.fields[...], in: bytes.span)
    } catch {
      throw badRow(error.description)
    }
  }

  /// Goes to where the server left off: behind the first `stored` bets.
  ///
  /// - Throws: ``AgencyError/otherFile(path:reason:)`` where the last of them is not `lastBet`.
  mutating func skip(_ stored: UInt64, lastBet: Bet?) throws(AgencyError) {
    guard stored > 0 else { return }
    for index in 1..<stored {
      guard try nextRow() else { throw endsEarly(after: index - 1, of: stored) }
    }
    guard let located = try next() else { throw endsEarly(after: stored - 1, of: stored) }
    guard let lastBet, Bet(agency: lastBet.agency, located, in: bytes.span) == lastBet else {
      throw .otherFile(
        path: path, reason: "the server stored another bet than the one on line \(rows.line)")
    }
  }

  private func endsEarly(after count: UInt64, of stored: UInt64) -> AgencyError {
    .otherFile(path: path, reason: "it has \(count) bets, the server stored \(stored)")
  }

  private mutating func nextRow() throws(AgencyError) -> Bool {
    do throws(CSVFile.Failure) {
      return try rows.nextRow()
    } catch {
      switch error {
      case .unreadable(let error): throw .unreadable(path: path, error)
      case .malformed(let error): throw badRow(error.description)
      }
    }
  }

  private func badRow(_ reason: String) -> AgencyError {
    .badRow(path: path, line: rows.line, reason: reason)
  }
}
