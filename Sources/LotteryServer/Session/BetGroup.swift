import LotteryCore

/// Batches of one agency that have been checked and wait to be stored together.
struct BetGroup: Sendable {
  /// A batch in the group.
  struct Batch: Sendable, Equatable {
    /// Bets of this agency that precede it.
    var offset: UInt64
    /// Its bets.
    var count: Int
    /// Its bets that are not stored yet; a batch sent twice has fewer than it holds, or none.
    var newBets: Int
    /// The bet of a BET, which is logged by document and number.
    var single: Bet?

    /// Bets of this agency up to its end.
    var end: UInt64 { offset + UInt64(count) }
  }

  /// The rows for `bets.csv`.
  private(set) var rows: [UInt8] = []
  /// The batches, in the order in which they arrived.
  private(set) var batches: [Batch] = []
  /// Bets in ``rows``.
  private(set) var newBets = 0

  private var lastRowStart = 0

  /// Rows beyond this many bytes wait for the next group: what a connection can make the server
  /// hold.
  static let rowsLimit = 256 * 1024

  var isEmpty: Bool { batches.isEmpty }
  var isFull: Bool { rows.count >= Self.rowsLimit }

  /// The row of the last bet.
  var lastRow: [UInt8] { Array(rows[lastRowStart...]) }

  /// Adds a batch, all or nothing. Its first `known` bets are stored already and passed over.
  ///
  /// - Returns: the first bad bet; then the batch is not in the group.
  /// - Throws: ``WireError`` where the bytes are no bets; likewise.
  mutating func add(
    _ batch: BetBatch, agency: UInt32, known: Int, in frame: Span<UInt8>
  ) throws(WireError) -> BetBatch.BadBet? {
    let (size, last) = (rows.count, lastRowStart)
    var single: Bet?
    var isTaken = false
    defer {
      if !isTaken {
        rows.removeLast(rows.count - size)
        lastRowStart = last
      }
    }
    if batch.isSingle {
      let bad = try batch.forEachBet(after: known, in: frame) { _, bet in
        single = Bet(bet, in: frame)
      }
      if let bad { return bad }
    }
    let bad = try batch.appendRows(
      of: agency, after: known, in: frame, to: &rows, lastRow: &lastRowStart)
    if let bad { return bad }
    isTaken = true
    let new = max(0, batch.count - known)
    newBets += new
    batches.append(
      Batch(offset: batch.offset, count: batch.count, newBets: new, single: single))
    return nil
  }
}
