import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Pending batches: they are stored together or not at all.
@Suite struct PendingBetsTests {
  @Test func `batches in sequence are answered by one cumulative STORED`() throws {
    var session = try SessionState.open.session()
    #expect(session.receive(frame: Frames.batch(try sampleBets(1, 3..<5), at: 3)) == .gathered)
    #expect(session.receive(frame: Frames.bet(try sampleBet(1, 5), at: 5)) == .gathered)
    #expect(session.pending.rows == rows(try sampleBets(1, 3..<6)))
    #expect(session.pending.newBets == 3)
    #expect(session.pendingStored() == .stored(6))
    #expect(session.pending.isEmpty)
  }

  @Test func `of a batch that overlaps only the new bets are stored`() throws {
    var session = try SessionState.open.session()
    #expect(session.receive(frame: Frames.batch(try sampleBets(1, 1..<5), at: 1)) == .gathered)
    #expect(session.pending.rows == rows(try sampleBets(1, 3..<5)))
    #expect(session.pending.lastRow == rows([try sampleBet(1, 4)]))
    #expect(session.pendingStored() == .stored(5))
  }

  @Test func `a batch sent twice stores nothing and is answered STORED`() throws {
    var session = try SessionState.finished.session()
    #expect(session.receive(frame: Frames.batch(try sampleBets(1, 0..<3), at: 0)) == .gathered)
    #expect(session.pending.rows.isEmpty)
    #expect(session.pending.batches == [.init(offset: 0, count: 3, newBets: 0, single: nil)])
    #expect(session.pendingStored() == .stored(3))
  }

  @Test func `a rejected batch leaves the group as it was`() throws {
    var session = try SessionState.open.session()
    _ = session.receive(frame: Frames.bet(try sampleBet(1, 3), at: 3))
    let before = session.pending.rows
    let bad = Frames.batch(try sampleBets(1, 4..<7), badAt: 2, at: 4)
    let action = session.receive(frame: bad)
    #expect(Answer(action) == .rejected(.ruleBroken, index: 2))
    #expect(session.pending.rows == before)
    #expect(session.pending.lastRow == before)
    #expect(session.pendingStored() == .stored(4))
  }

  @Test func `a bad bet in the part of a batch that is stored already does not matter`() throws {
    var session = try SessionState.open.session()
    let batch = Frames.batch(try sampleBets(1, 1..<5), badAt: 1, at: 1)
    #expect(session.receive(frame: batch) == .gathered)
    #expect(session.pending.rows == rows(try sampleBets(1, 3..<5)))
    #expect(session.pendingStored() == .stored(5))
  }

  @Test(arguments: [(repeated: [0..<3, 1..<3], stored: true), (repeated: [], stored: false)])
  func `of a group that fails the first new batch is rejected, what is stored is STORED`(
    repeated: [Range<Int>], stored: Bool
  ) throws {
    var session = try SessionState.open.session()
    for bets in repeated + [3..<5, 5..<6, 1..<3] {
      let batch = Frames.batch(try sampleBets(1, bets), at: UInt64(bets.lowerBound))
      #expect(session.receive(frame: batch) == .gathered)
    }
    let rejected = ServerMessage.rejected(offset: 3, index: 0, code: .notStored, reason: "full")
    #expect(session.pendingFailed(reason: "full") == (stored ? [.stored(3)] : []) + [rejected])
  }

  @Test func `the reason of a rejection names field, value and rule`() throws {
    var session = try SessionState.open.session()
    let bad = Frames.batch(try sampleBets(1, 3..<5), badAt: 1, at: 3)
    #expect(
      session.receive(frame: bad)
        == .reject(
          .rejected(
            offset: 3, index: 1, code: .ruleBroken,
            reason: "document \"x0000004\": must be 1 to 20 digits"),
          of: 1, bets: 2, single: nil))
  }

  @Test func `FINISHED counts the batches that wait to be stored`() throws {
    var session = try SessionState.open.session()
    _ = session.receive(frame: Frames.bet(try sampleBet(1, 3), at: 3))
    #expect(session.receive(frame: Frames.finished(4)) == .finish(total: 4, by: SessionState.claim))
  }

  @Test func `a BET is remembered for its line in the log`() throws {
    var session = try SessionState.open.session()
    let bet = try sampleBet(1, 3)
    _ = session.receive(frame: Frames.bet(bet, at: 3))
    let label = BetBatch.Label(document: bet.document, number: bet.number)
    #expect(session.pending.batches == [.init(offset: 3, count: 1, newBets: 1, single: label)])
  }

  @Test func `a group is full once its rows reach the limit`() throws {
    var session = try SessionState.open.session()
    var next = 3
    while !session.pending.isFull, next < 20_000 {
      _ = session.receive(
        frame: Frames.batch(try sampleBets(1, next..<(next + 100)), at: UInt64(next)))
      next += 100
    }
    let batch = rows(try sampleBets(1, next..<(next + 100))).count
    let full = PendingBets.rowsLimit...(PendingBets.rowsLimit + batch)
    #expect(full.contains(session.pending.rows.count))
  }
}
