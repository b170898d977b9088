import LotteryCore
import TestSupport
import Testing

@testable import LotteryServer

/// What WELCOME tells an agency.
@Suite struct WelcomeTests {
  @Test(
    arguments: [
      (finished: false, drawn: false, state: AgencyState.open),
      (finished: true, drawn: false, state: .finished),
      (finished: true, drawn: true, state: .drawn),
    ])
  func `the state is that of the agency`(finished: Bool, drawn: Bool, state: AgencyState) throws {
    var session = try SessionState.claiming.session()
    let bet = try sampleBet(1, 6)
    let welcome = session.welcome(
      stored: 7, lastBet: bet, hasFinished: finished, isDrawn: drawn)
    #expect(welcome == .welcome(version: 1, state: state, stored: 7, lastBet: bet))
  }

  @Test func `an agency without bets has no last one`() throws {
    var session = try SessionState.claiming.session()
    let welcome = session.welcome(
      stored: 0, lastBet: nil, hasFinished: false, isDrawn: false)
    #expect(welcome == .welcome(version: 1, state: .open, stored: 0, lastBet: nil))
  }

  @Test func `bets go on from what is stored`() throws {
    var session = try SessionState.claiming.session()
    _ = session.welcome(
      stored: 7, lastBet: try sampleBet(1, 6), hasFinished: false, isDrawn: false)
    #expect(session.receive(frame: Frames.bet(try sampleBet(1, 7), at: 7)) == .gathered)
    #expect(session.pendingStored() == .stored(8))
  }

  @Test func `the key of HELLO is handed on`() {
    var session = AgencySession(agencies: 1)
    #expect(
      session.receive(frame: Frames.hello(1, key: "clé")) == .claim(agency: 1, key: "clé"))
  }

  @Test func `a lottery without agencies knows none`() {
    var session = AgencySession(agencies: 0)
    #expect(Answer(session.receive(frame: Frames.hello(1))) == .error(.unknownAgency))
  }
}
