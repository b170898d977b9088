import LotteryCore
import TestSupport
import Testing

@testable import LotteryServer

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
