import LotteryCore
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

  @Test func `a batch that is stored is answered STORED also in a group that fails`() throws {
    var session = try SessionState.open.session()
    for (offset, end) in [(0, 3), (3, 5), (1, 3), (3, 5)] {
      let bets = try sampleBets(1, offset..<end)
      #expect(session.receive(frame: Frames.batch(bets, at: UInt64(offset))) == .gathered)
    }
    func rejected(_ code: RejectionCode) -> ServerMessage {
      .rejected(offset: 3, index: 0, code: code, reason: "full")
    }
    #expect(
      session.pendingFailed(reason: "full") == [
        .stored(3), rejected(.notStored), .stored(3), rejected(.outOfSequence),
      ])
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
          bets: 2, single: nil))
  }

  @Test func `batches in flight after a rejected one are out of sequence`() throws {
    var session = try SessionState.open.session()
    let frames = [
      Frames.batch(try sampleBets(1, 3..<5), badAt: 0, at: 3),
      Frames.batch(try sampleBets(1, 5..<7), at: 5),
      Frames.batch(try sampleBets(1, 7..<9), at: 7),
      Frames.batch(try sampleBets(1, 3..<5), at: 3),
    ]
    #expect(
      frames.map { Answer(session.receive(frame: $0)) } == [
        .rejected(.ruleBroken, index: 0), .rejected(.outOfSequence, index: 0),
        .rejected(.outOfSequence, index: 0), .gathered,
      ])
  }

  @Test func `a group that cannot be stored never happened`() throws {
    var session = try SessionState.open.session()
    _ = session.receive(frame: Frames.batch(try sampleBets(1, 3..<5), at: 3))
    _ = session.receive(frame: Frames.batch(try sampleBets(1, 5..<6), at: 5))
    #expect(
      session.pendingFailed(reason: "full") == [
        .rejected(offset: 3, index: 0, code: .notStored, reason: "full"),
        .rejected(offset: 5, index: 0, code: .outOfSequence, reason: "full"),
      ])
    #expect(Answer(session.receive(frame: Frames.finished(6))) == .error(.totalsDiffer))
    #expect(session.receive(frame: Frames.batch(try sampleBets(1, 3..<5), at: 3)) == .gathered)
    #expect(session.pendingStored() == .stored(5))
  }

  @Test func `FINISHED counts the batches that wait to be stored`() throws {
    var session = try SessionState.open.session()
    _ = session.receive(frame: Frames.bet(try sampleBet(1, 3), at: 3))
    #expect(session.receive(frame: Frames.finished(4)) == .finish(total: 4))
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

/// How many batches may be rejected one after the other.
@Suite struct SessionRejectionTests {
  private static let limit = ProtocolLimits.rejectedInARow

  /// Batches that are rejected with codes 1, 3 and 4, with a state in which they are.
  private static var bad: [(SessionState, [UInt8])] {
    get throws {
      let bets = try sampleBets(1, 0..<2)
      return [
        (.open, Frames.batch(bets, badAt: 0, at: 3)), (.open, Frames.bet(bets[0], at: 4)),
        (.finished, Frames.batch(bets, at: 3)), (.finished, Frames.batch(bets, at: .max)),
      ]
    }
  }

  @Test func `an agency that sends nothing but bad batches is refused at last`() throws {
    for (state, frame) in try Self.bad {
      var session = try state.session()
      for _ in 0..<Self.limit {
        guard case .reject = session.receive(frame: frame) else {
          Issue.record("not rejected")
          return
        }
      }
      #expect(
        session.receive(frame: frame) == .fail(.notNow, "\(Self.limit) batches rejected in a row"))
    }
  }

  @Test func `a bad bet with the largest window in flight, twice, is no storm`() throws {
    var session = try SessionState.open.session()
    let bets = try sampleBets(1, 3..<4)
    for _ in 0..<2 {
      #expect(
        Answer(session.receive(frame: Frames.batch(bets, badAt: 0, at: 3)))
          == .rejected(.ruleBroken, index: 0))
      for offset in 4..<(3 + 1024) {
        #expect(
          Answer(session.receive(frame: Frames.bet(bets[0], at: UInt64(offset))))
            == .rejected(.outOfSequence, index: 0))
      }
    }
    #expect(session.receive(frame: Frames.batch(bets, at: 3)) == .gathered)
    #expect(session.rejectedInARow == 0)
  }

  @Test func `a batch that brings nothing new does not end the row`() throws {
    var session = try SessionState.open.session()
    _ = session.receive(frame: Frames.bet(try sampleBet(1), at: 4))
    #expect(session.receive(frame: Frames.bet(try sampleBet(1), at: 2)) == .gathered)
    #expect(session.rejectedInARow == 1)
    #expect(session.receive(frame: Frames.bet(try sampleBet(1), at: 3)) == .gathered)
    #expect(session.rejectedInARow == 0)
  }

  @Test func `what a full disk rejects, and what was in flight then, does not count`() throws {
    var session = try SessionState.open.session()
    let bet = try sampleBet(1)
    for _ in 0..<3 {
      #expect(session.receive(frame: Frames.bet(bet, at: 3)) == .gathered)
      _ = session.pendingFailed(reason: "full")
      for offset in 4..<(3 + 1024) {
        let answer = Answer(session.receive(frame: Frames.bet(bet, at: UInt64(offset))))
        #expect(answer == .rejected(.outOfSequence, index: 0))
      }
    }
    #expect(session.rejectedInARow == 1023)
  }
}
