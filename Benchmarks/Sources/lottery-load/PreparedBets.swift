import LotteryCore
import LotteryProtocol

/// The bets of an agency's file in BATCH frames, made as the agency makes them.
struct PreparedBets: Sendable {
  struct Batch: Sendable {
    let frame: [UInt8]
    /// Bets up to and including its own.
    let end: UInt64
  }

  private(set) var batches: [Batch] = []

  /// How many bets there are.
  var total: UInt64 { batches.last?.end ?? 0 }

  /// Bets in a batch: the agency's default.
  private static let maxAmount = 150

  init(path: String) throws {
    var batches: [Batch] = []
    try Self.forEachBatch(ofFile: path) { frames, count in
      batches.append(Batch(frame: frames, end: (batches.last?.end ?? 0) + UInt64(count)))
      frames.removeAll()
    }
    self.batches = batches
  }

  /// Goes through the file at `path`.
  ///
  /// - Parameter take: is called after each batch with all frames that it has left where they are,
  ///   the new one being the last, and with how many bets the new one holds.
  /// - Returns: how many bets there are.
  @discardableResult
  static func forEachBatch(
    ofFile path: String, _ take: (inout [UInt8], Int) -> Void
  ) throws -> UInt64 {
    var file = try CSVFile(path: path, lastRow: .whole)
    var builder = BatchBuilder(maxAmount: maxAmount)
    var frames: [UInt8] = []
    var offset: UInt64 = 0
    func finish() {
      let count = builder.finish(&frames)
      offset += UInt64(count)
      if count > 0 { take(&frames, count) }
    }
    while true {
      file.appendPlainBets(to: &builder, offset: offset, in: &frames)
      if builder.count == builder.maxAmount {
        finish()
        continue
      }
      guard let bet = try file.nextBet() else { break }
      let bytes = file.storage
      if !builder.hasRoom(for: bet, in: frames) { finish() }
      builder.append(bet, in: bytes.span, offset: offset, to: &frames)
    }
    finish()
    return offset
  }
}
