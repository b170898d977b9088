import BenchmarkData
import LotteryProtocol

/// The bets that all agencies send, as frames.
struct PreparedBets: Sendable {
  /// A BATCH frame.
  struct Batch: Sendable {
    let frame: [UInt8]
    /// Bets up to and including its own.
    let end: UInt64
  }

  private(set) var batches: [Batch] = []
  /// How many bets there are.
  let total: UInt64

  /// Bets in a batch: the agency's default.
  private static let maxAmount = 150

  /// The bets of the agency's file at `path`.
  init(path: String) throws(BatchFrames.Failure) {
    var batches: [Batch] = []
    var end: UInt64 = 0
    total = try BatchFrames.forEach(inFile: path, maxAmount: Self.maxAmount) { frames, count in
      end += UInt64(count)
      batches.append(Batch(frame: frames, end: end))
      frames.removeAll()
    }
    self.batches = batches
  }
}
