import LotteryCore
import LotteryProtocol

/// The bets of an agency's file, one after the other, however large the file.
struct AgencyFile: ~Copyable {
  private let path: String
  private var rows: CSVFile

  /// Opens the file at `path`, which must be a regular one: only that can be begun again after a
  /// connection was lost, and read without waiting for another program.
  init(path: String) throws(AgencyError) {
    self.path = path
    let file: File?
    do throws(SystemError) {
      file = try File(regular: path)
    } catch {
      throw .unreadable(path: path, error)
    }
    guard let file else { throw .notAFile(path: path) }
    rows = CSVFile(file, lastRow: .whole)
  }

  /// Bytes of the file, and how many of them have been read.
  var size: Int { rows.size }
  var position: Int { rows.position }

  /// The bytes in which ``next()`` found the last bet.
  var bytes: [UInt8] { rows.storage }

  /// Puts the bets of the plain rows that come next into the batch of `builder`; possibly none.
  mutating func fill(_ builder: inout BatchBuilder, offset: UInt64, in frames: inout [UInt8]) {
    rows.appendPlainBets(to: &builder, offset: offset, in: &frames)
  }

  /// The next bet, or nil where there is none.
  ///
  /// - Throws: ``AgencyError/badRow(path:line:reason:)`` where the row is no bet.
  mutating func next() throws(AgencyError) -> BetView? {
    try next(allowsNUL: false)
  }

  private mutating func next(allowsNUL: Bool) throws(AgencyError) -> BetView? {
    do throws(CSVFile.Failure) {
      return try rows.nextBet(hasAgency: false, allowsNUL: allowsNUL)?.bet
    } catch {
      throw failure(error)
    }
  }

  /// Goes to where the server left off: after the first `stored` bets.
  ///
  /// - Throws: ``AgencyError/otherFile(path:reason:)`` where the last of them is not `lastBet`.
  mutating func skip(_ stored: UInt64, lastBet: Bet?) throws(AgencyError) {
    guard stored > 0 else { return }
    for index in 1..<stored {
      guard try nextRow() else { throw endsEarly(after: index - 1, of: stored) }
    }
    // The server may have stored it when names could still hold NUL.
    guard let located = try next(allowsNUL: true) else {
      throw endsEarly(after: stored - 1, of: stored)
    }
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
      throw failure(error)
    }
  }

  private func failure(_ error: CSVFile.Failure) -> AgencyError {
    switch error {
    case .unreadable(let error): .unreadable(path: path, error)
    case .malformed(let error):
      .badRow(path: path, line: rows.line, reason: error.description)
    case .notABet(let reason): .badRow(path: path, line: rows.line, reason: reason)
    }
  }
}
