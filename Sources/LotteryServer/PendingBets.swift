import LotteryProtocol
import Synchronization

/// Batches of one agency that have been checked and are not stored yet. They are stored together.
struct PendingBets: Sendable {
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

  private(set) var rows: [UInt8] = []
  /// The batches, in the order in which they arrived.
  private(set) var batches: [Batch] = []
  /// Bets in ``rows``. Equals the sum of `newBets` over ``batches``.
  private(set) var newBets = 0

  /// Where the last row begins in ``rows``.
  private var lastRowStart = 0

  /// The size, in bytes, of ``rows`` or of ``batches`` from which on no batch is added until these
  /// are stored. ``batches`` counts too, because a batch that was sent twice adds no rows.
  ///
  /// This limits the memory of one connection, and ``PendingMemory`` that of all together.
  static let sizeLimit = 256 * 1024

  var isEmpty: Bool { batches.isEmpty }
  var isFull: Bool { max(rows.count, batches.count * Self.batchSize) >= Self.sizeLimit }
  var memory: Int { rows.capacity + batches.capacity * Self.batchSize }

  private static let batchSize = MemoryLayout<Batch>.stride

  var lastRow: [UInt8] { Array(rows[lastRowStart...]) }

  /// Forgets all batches. Their memory is used again if nothing else holds it.
  mutating func removeAll() {
    rows.removeAll(keepingCapacity: rows.capacity <= 2 * Self.sizeLimit)
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

/// The memory that the pending bets of all connections take together.
///
/// Each connection gathers while the disk is busy, and if the disk is slow, all of them have what
/// one may have. So once they have ``limit`` together, each stores what it has before it takes
/// more. Then it adds no more than the bets of a frame, which lie outside the limit: none waits for
/// memory that another one has.
final class PendingMemory: Sendable {
  /// Bytes from which on it is scarce.
  static let limit = 32 * 1024 * 1024

  private let size = Atomic(0)

  /// Bytes that are taken now.
  var count: Int { size.load(ordering: .relaxed) }
  /// Whether all connections together have taken as much as they may.
  var isScarce: Bool { count >= Self.limit }

  /// Notes that a connection has taken that many bytes more, or fewer if negative.
  func add(_ bytes: Int) {
    size.add(bytes, ordering: .relaxed)
  }
}
