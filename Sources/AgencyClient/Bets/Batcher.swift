import LotteryCore

/// Turns an agency's file into BATCH frames.
struct Batcher: ~Copyable {
  /// A batch: how many bets it holds, and how many of the agency's there are up to its end.
  struct Batch: Equatable {
    var count: Int
    var end: UInt64
  }

  /// What stopped it before the end of the file, after the bets before that were made into batches.
  private(set) var failure: AgencyError?

  private var file: AgencyFile
  private var builder: BatchBuilder
  private var offset: UInt64
  /// A bet that was read and did not fit into the batch before.
  private var waiting: BetView?
  private var atEnd = false

  /// Makes batches of at most `maxAmount` bets out of what `file` still holds, `offset` bets having
  /// been stored before.
  init(_ file: consuming AgencyFile, offset: UInt64, maxAmount: Int) {
    self.file = file
    self.offset = offset
    builder = BatchBuilder(maxAmount: maxAmount)
  }

  /// Bytes of the file, and how many of them have been read.
  var fileSize: Int { file.size }
  var position: Int { file.position }

  /// Bets of the agency up to the last batch.
  var total: UInt64 { offset }

  /// Appends the next batch to `frames`, or returns nil where there are no more bets, or a bad one.
  ///
  /// Only the last batch is shorter than `maxAmount` bets, or one that 8000 bytes would not hold.
  mutating func next(appendingTo frames: inout [UInt8]) -> Batch? {
    while builder.count < builder.maxAmount {
      if waiting == nil, !atEnd {
        file.fill(&builder, offset: offset, in: &frames)
        if builder.count == builder.maxAmount { break }
      }
      guard let bet = waiting ?? nextBet() else { break }
      waiting = nil
      guard builder.hasRoom(for: bet, in: frames) else {
        waiting = bet
        break
      }
      builder.append(bet, in: file.bytes.span, offset: offset, to: &frames)
    }
    let count = builder.finish(&frames)
    guard count > 0 else { return nil }
    offset += UInt64(count)
    return Batch(count: count, end: offset)
  }

  private mutating func nextBet() -> BetView? {
    guard !atEnd else { return nil }
    do throws(AgencyError) {
      if let bet = try file.next() { return bet }
    } catch {
      failure = error
    }
    atEnd = true
    return nil
  }
}
