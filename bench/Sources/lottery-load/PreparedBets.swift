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
    var file = try CSVFile(path: path, lastRow: .whole)
    var builder = BatchBuilder(maxAmount: Self.maxAmount)
    var frame: [UInt8] = []
    while let bet = try file.nextBet() {
      if builder.count == builder.maxAmount || !builder.hasRoom(for: bet, in: frame) {
        finish(&builder, &frame)
      }
      let bytes = file.storage
      builder.append(bet, in: bytes.span, offset: total, to: &frame)
    }
    if builder.count > 0 { finish(&builder, &frame) }
  }

  private mutating func finish(_ builder: inout BatchBuilder, _ frame: inout [UInt8]) {
    let count = builder.finish(&frame)
    batches.append(Batch(frame: frame, end: total + UInt64(count)))
    frame.removeAll()
  }
}
