import LotteryCore
import Testing

/// What an agency says, its bets read out.
enum AgencyWord: Equatable {
  case hello(agency: UInt32)
  case bet(Bet, offset: UInt64)
  case batch([Bet], offset: UInt64)
  case finished(total: UInt64)
  case winnersQuery
  case statusQuery
  case syncsQuery

  struct OtherVersion: Error {
    let version: UInt8
  }

  /// Reads a frame, its header left out.
  init(frame: Span<UInt8>) throws {
    switch try AgencyMessage(frame: frame) {
    case .otherVersion(let version): throw OtherVersion(version: version)
    case .hello(let agency, let key):
      #expect(key == "")
      self = .hello(agency: agency)
    case .finished(let total): self = .finished(total: total)
    case .winnersQuery: self = .winnersQuery
    case .statusQuery: self = .statusQuery
    case .syncsQuery: self = .syncsQuery
    case .bets(let batch):
      var bets: [Bet] = []
      let bad = try batch.forEachBet(in: frame) { _, located in
        bets.append(Bet(located, in: frame))
      }
      #expect(bad == nil)
      self =
        batch.isSingle
        ? .bet(bets[0], offset: batch.offset) : .batch(bets, offset: batch.offset)
    }
  }
}

/// The batches in `frames`, which hold nothing else.
func decodedBatches(_ frames: [UInt8]) throws -> [(offset: UInt64, bets: [Bet])] {
  var batches: [(offset: UInt64, bets: [Bet])] = []
  var unread = frames.indices
  while let frame = try frames.span.nextFrame(in: unread) {
    unread = frame.upperBound..<frames.count
    guard case .batch(let bets, let offset) = try AgencyWord(frame: frames.span.extracting(frame))
    else {
      Issue.record("not a batch")
      continue
    }
    batches.append((offset, bets))
  }
  #expect(unread.isEmpty)
  return batches
}
