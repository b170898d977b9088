import LotteryProtocol

/// Batches of one agency that have been checked and are not stored yet. They are stored together.
struct PendingBets: Sendable {
  /// A batch among them.
  struct Batch: Sendable, Equatable {
    /// Bets of this agency that precede it.
    var offset: UInt64
    /// Its bets.
    var count: Int
    /// Its bets that are in no earlier batch: fewer than ``count``, or none, if it was sent twice.
    var newBets: Int
    /// Document and number of the bet if it came as a BET, for the log.
    var single: BetBatch.Label?

    /// Bets of this agency up to its end.
    var end: UInt64 { offset + UInt64(count) }
  }

  /// The rows for `bets.csv`.
  private(set) var rows: [UInt8] = []
  /// The batches, in the order in which they arrived.
  private(set) var batches: [Batch] = []
  /// Bets in ``rows``. Equals the sum of `newBets` over ``batches``.
  private(set) var newBets = 0

  /// Where the last row begins in ``rows``.
  private var lastRowStart = 0

  /// From this many bytes of rows on, further batches wait until these are stored. It bounds what
  /// one connection can make the server hold.
  static let rowsLimit = 256 * 1024

  var isEmpty: Bool { batches.isEmpty }
  var isFull: Bool { rows.count >= Self.rowsLimit }

  /// The row of the last bet.
  var lastRow: [UInt8] { Array(rows[lastRowStart...]) }

  /// Forgets all batches. Their memory is used again if nothing else holds it.
  mutating func removeAll() {
    rows.removeAll(keepingCapacity: rows.capacity <= 2 * Self.rowsLimit)
    batches.removeAll(keepingCapacity: true)
    (newBets, lastRowStart) = (0, 0)
  }

  /// Adds a batch, all of it or nothing. Its first `known` bets are passed over: the server has
  /// them.
  ///
  /// - Returns: the first bad bet. Then the batch is not added.
  /// - Throws: ``WireError`` if the bytes are no bets. Then the batch is not added.
  mutating func add(
    _ batch: BetBatch, agency: UInt32, known: Int, in frame: Span<UInt8>
  ) throws(WireError) -> BetBatch.BadBet? {
    let (size, last) = (rows.count, lastRowStart)
    var isTaken = false
    defer {
      if !isTaken {
        rows.removeLast(rows.count - size)
        lastRowStart = last
      }
    }
    let bad = try batch.appendRows(
      of: agency, after: known, in: frame, to: &rows, lastRow: &lastRowStart)
    if let bad { return bad }
    isTaken = true
    let new = batch.count - known
    newBets += new
    batches.append(
      Batch(
        offset: batch.offset, count: batch.count, newBets: new, single: batch.label(in: frame)))
    return nil
  }
}
