import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What pending batches tell the log, and when they are enough. What is stored of them, and what is
/// answered, is compared with a model by the fuzz target `session`.
@Suite struct PendingBetsTests {
  @Test(arguments: [(repeated: [0..<3, 1..<3], stored: true), (repeated: [], stored: false)])
  func `of a group that fails the first new batch is rejected, what is stored is STORED`(
    repeated: [Range<Int>], stored: Bool
  ) throws {
    var session = try SessionState.open.session()
    for bets in repeated + [3..<5, 5..<6, 1..<3] {
      let batch = Frames.batch(try sampleBets(bets), at: UInt64(bets.lowerBound))
      #expect(session.receive(frame: batch) == .gathered)
    }
    let rejected = ServerMessage.rejected(offset: 3, index: 0, code: .notStored, reason: "full")
    #expect(session.pendingFailed(reason: "full") == (stored ? [.stored(3)] : []) + [rejected])
  }

  @Test func `the reason of a rejection names field, value and rule`() throws {
    var session = try SessionState.open.session()
    let bad = Frames.batch(try sampleBets(3..<5), badAt: 1, at: 3)
    #expect(
      session.receive(frame: bad)
        == .reject(
          .rejected(
            offset: 3, index: 1, code: .ruleBroken,
            reason: "document \"x0000004\": must be 1 to 20 digits"),
          of: 1, bets: 2, single: nil))
  }

  @Test func `a BET is remembered for its line in the log`() throws {
    var session = try SessionState.open.session()
    let bet = try sampleBet(3)
    _ = session.receive(frame: Frames.bet(bet, at: 3))
    let label = BetBatch.Label(document: bet.document, number: bet.number)
    #expect(session.pending.batches == [.init(offset: 3, count: 1, newBets: 1, single: label)])
  }

  @Test func `a group is full once its rows reach the limit`() throws {
    var session = try SessionState.open.session()
    var next = 3
    while !session.pending.isFull, next < 20_000 {
      _ = session.receive(
        frame: Frames.batch(try sampleBets(next..<(next + 100)), at: UInt64(next)))
      next += 100
    }
    let batch = rows(try sampleBets(next..<(next + 100))).count
    let full = PendingBets.sizeLimit...(PendingBets.sizeLimit + batch)
    #expect(full.contains(session.pending.rows.count))
  }

  @Test func `so it is once there are too many batches, if all were sent twice`() throws {
    var session = try SessionState.open.session()
    let batch = Frames.batch(try sampleBets(0..<1), at: 0)
    var count = 0
    while !session.pending.isFull, count < 20_000 {
      _ = session.receive(frame: batch)
      count += 1
    }
    #expect(count < 20_000)
    #expect(session.pending.rows.isEmpty)
  }
}
