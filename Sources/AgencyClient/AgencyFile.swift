import LotteryProtocol

/// An agency's file: its bets, one after the other, and the BATCH frames made of them, however
/// large the file.
struct AgencyFile: ~Copyable {
  /// The rows. Their storage is what the bets that ``next()`` returns are views of.
  private(set) var rows: CSVFile
  /// Bets of the agency so far: those that were skipped and those in batches.
  private(set) var total: UInt64 = 0
  /// Why no bet follows those that were read, although the file does not end there. Thrown once
  /// they are all in batches.
  private var failure: AgencyError?

  private let path: Path
  private var builder: BatchBuilder
  /// A bet that was read and did not fit into the batch before. Valid until the next read of
  /// `rows`.
  private var pending: BetView?
  private var atEnd = false

  /// Opens the file at `path`, which must be a regular file: only a regular file can be read again
  /// after a lost connection, and without waiting for another program.
  ///
  /// - Parameter batchMaxAmount: the most bets in a batch.
  init(path: Path, batchMaxAmount: Int) throws(AgencyError) {
    let rows: CSVFile?
    do throws(SystemError) {
      if let file = try File(regular: path) {
        rows = try CSVFile(file, lastRow: .whole)
      } else {
        rows = nil
      }
    } catch {
      throw .unreadable(path: path, error)
    }
    guard let rows else { throw .notAFile(path: path.description) }
    self.rows = rows
    builder = BatchBuilder(maxAmount: batchMaxAmount)
    self.path = path
  }

  /// Skips the first `stored` bets, which the server holds.
  ///
  /// - Throws: ``AgencyError/otherFile(path:reason:)`` if the last of them is not `lastBet`.
  mutating func skip(_ stored: UInt64, lastBet: Bet?) throws(AgencyError) {
    guard stored > 0 else { return }
    try skipRows(stored - 1, of: stored)
    guard let bet = try next() else { throw endsEarly(after: stored - 1, of: stored) }
    guard let lastBet, Bet(bet, in: rows.storage.span) == lastBet else {
      throw .otherFile(
        path: path.description,
        reason: "the server stored another bet than the one on line \(rows.line)")
    }
    total = stored
  }

  /// Skips rows, plain ones as fast as they are sent: their frames are made and forgotten.
  private mutating func skipRows(_ count: UInt64, of stored: UInt64) throws(AgencyError) {
    var skipped: UInt64 = 0
    var frames: [UInt8] = []
    while skipped < count {
      frames.removeAll(keepingCapacity: true)
      var plain = BatchBuilder(maxAmount: Int(min(Self.skippedAtOnce, count - skipped)))
      plain.appendPlainRows(of: &rows.reader, offset: 0, to: &frames)
      skipped += UInt64(plain.finish(&frames))
      guard skipped < count, frames.isEmpty else { continue }
      let hasRow = try reading { rows throws(CSVError) in try rows.nextRow() }
      guard hasRow else { throw endsEarly(after: skipped, of: stored) }
      skipped += 1
    }
  }

  private static let skippedAtOnce: UInt64 = 1000

  /// Appends the frame of the next batch to `frames`.
  ///
  /// A batch holds as many bets as `batchMaxAmount` and 8000 bytes allow. Only the last one may
  /// hold fewer.
  ///
  /// - Returns: the batch, or nil if there are no more bets.
  /// - Throws: why not, each time, once all bets before the bad row are in batches.
  mutating func nextBatch(
    appendingTo frames: inout [UInt8]
  ) throws(AgencyError) -> SentBatch? {
    while builder.count < builder.maxAmount {
      if pending == nil, !atEnd {
        builder.appendPlainRows(of: &rows.reader, offset: total, to: &frames)
        if builder.count == builder.maxAmount { break }
      }
      guard let bet = pending ?? nextUnlessFailed() else { break }
      guard builder.hasRoom(for: bet, in: frames) else {
        pending = bet
        break
      }
      builder.append(bet, in: rows.storage.span, offset: total, to: &frames)
      pending = nil
    }
    let count = builder.finish(&frames)
    guard count > 0 else {
      if let failure { throw failure }
      return nil
    }
    total += UInt64(count)
    return SentBatch(count: count, end: total)
  }

  /// Returns the next bet, or nil if there is none.
  mutating func next() throws(AgencyError) -> BetView? {
    try reading { rows throws(CSVError) in try rows.nextBet() }
  }

  /// Runs `body` with the rows and translates its error, with the line on which it stopped.
  private mutating func reading<Value>(
    _ body: (inout CSVFile) throws(CSVError) -> Value
  ) throws(AgencyError) -> Value {
    do throws(CSVError) {
      return try body(&rows)
    } catch {
      switch error {
      case .unreadable(let error): throw .unreadable(path: path, error)
      case .textAfterQuote, .quoteNotClosed, .bareCarriageReturn, .rowTooLong, .notABet:
        throw .badRow(path: path.description, line: rows.line, reason: error.description)
      case .changed: throw .changed(path: path.description)
      case .cancelled: throw .cancelled
      }
    }
  }

  private mutating func nextUnlessFailed() -> BetView? {
    guard !atEnd else { return nil }
    do throws(AgencyError) {
      if let bet = try next() { return bet }
    } catch {
      failure = error
    }
    atEnd = true
    return nil
  }

  private func endsEarly(after count: UInt64, of stored: UInt64) -> AgencyError {
    .otherFile(path: path.description, reason: "it has \(count) bets, the server stored \(stored)")
  }
}
