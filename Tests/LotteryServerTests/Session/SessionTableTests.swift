import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Every message in every state of the conversation.
@Suite struct SessionTableTests {
  struct Row: CustomTestStringConvertible {
    let message: String
    let frame: [UInt8]
    /// What is answered before HELLO, while bets are taken, after FINISHED, and on a new connection
    /// after the draw.
    let answers: [Answer]

    init(_ message: String, _ frame: [UInt8], _ answers: Answer...) {
      self.message = message
      self.frame = frame
      self.answers = answers
    }

    var testDescription: String { message }
  }

  @Test(arguments: try Self.control + Self.bets + Self.undecodable)
  func `every state has its answer`(row: Row) throws {
    for (state, expected) in zip(SessionState.allCases, row.answers) {
      var session = try state.session()
      let action = session.receive(frame: row.frame)
      #expect(Answer(action) == expected, "in state \(state): \(action)")
    }
    #expect(row.answers.count == SessionState.allCases.count)
  }

  private static let notNow = Answer.error(.notNow)
  private static let malformed = Answer.error(.malformed)
  private static let totalsDiffer = Answer.error(.totalsDiffer)
  private static let closed = Answer.rejected(.agencyFinished, index: 0)
  private static let gap = Answer.rejected(.outOfSequence, index: 0)

  static let control = [
    Row("HELLO", Frames.hello(1), .claim(1), notNow, notNow, notNow),
    Row("HELLO of the last agency", Frames.hello(5), .claim(5), notNow, notNow, notNow),
    Row(
      "HELLO of agency 0", Frames.hello(0),
      .error(.unknownAgency), notNow, notNow, notNow),
    Row(
      "HELLO of agency 6 of 5", Frames.hello(6),
      .error(.unknownAgency), notNow, notNow, notNow),
    Row(
      "HELLO of version 2", Frames.hello(1, version: 2),
      .error(.version), notNow, notNow, notNow),
    Row(
      "FINISHED with the total", Frames.finished(3),
      notNow, .finish(3), .confirmed, .confirmed),
    Row(
      "FINISHED with one less", Frames.finished(2),
      notNow, totalsDiffer, totalsDiffer, totalsDiffer),
    Row(
      "FINISHED with one more", Frames.finished(4),
      notNow, totalsDiffer, totalsDiffer, totalsDiffer),
    Row("WINNERS?", Frames.winnersQuery, notNow, notNow, .awaitDraw, .awaitDraw),
    Row("STATUS?", Frames.statusQuery, .tellStatus, notNow, notNow, notNow),
  ]

  static var bets: [Row] {
    get throws {
      let two = try sampleBets(0..<2)
      return [
        Row(
          "BATCH at what is stored", Frames.batch(two, at: 3),
          notNow, .gathered, closed, closed),
        Row(
          "BATCH that overlaps what is stored", Frames.batch(two, at: 2),
          notNow, .gathered, closed, closed),
        Row(
          "BATCH that is stored already", Frames.batch(two, at: 1),
          notNow, .gathered, .gathered, .gathered),
        Row("BATCH after a gap", Frames.batch(two, at: 4), notNow, gap, gap, gap),
        Row(
          "BATCH at the largest offset", Frames.batch(two, at: .max),
          notNow, gap, gap, gap),
        Row(
          "BATCH with a bad bet", Frames.batch(two, badAt: 1, at: 3),
          notNow, .rejected(.ruleBroken, index: 1), closed, closed),
        Row(
          "BET at what is stored", Frames.bet(two[0], at: 3), notNow, .gathered, closed,
          closed),
        Row(
          "BET that is stored already", Frames.bet(two[0], at: 2),
          notNow, .gathered, .gathered, .gathered),
        Row("BET after a gap", Frames.bet(two[0], at: 4), notNow, gap, gap, gap),
      ]
    }
  }

  static var undecodable: [Row] {
    get throws {
      let batch = Frames.batch(try sampleBets(0..<2), at: 3)
      let body = Array(batch[ProtocolLimits.frameHeaderSize...])
      func everywhere(_ message: String, _ frame: [UInt8]) -> Row {
        Row(message, frame, malformed, malformed, malformed, malformed)
      }
      return [
        everywhere("a type that is not in the table", Frames.frame([0x06])),
        everywhere("a message of the server", Frames.frame([0x84])),
        everywhere("HELLO without its key", Frames.frame([0x01, 1, 0, 0, 0, 1])),
        everywhere("WINNERS? with a body", Frames.frame([0x05, 0])),
        everywhere("FINISHED of seven bytes", Frames.frame([0x04, 0, 0, 0, 0, 0, 0, 3])),
        everywhere("BATCH of no bets", Frames.batch([], at: 3)),
        Row(
          "BATCH that ends too early", Frames.frame(body.dropLast()),
          notNow, malformed, malformed, malformed),
        Row(
          "BATCH with a byte too many", Frames.frame(body + [0]),
          notNow, malformed, malformed, malformed),
      ]
    }
  }
}

@Suite struct WelcomeTests {
  @Test(
    arguments: [
      (finished: false, drawn: false, state: AgencyState.open),
      (finished: true, drawn: false, state: .finished),
      (finished: true, drawn: true, state: .drawn),
    ])
  func `the state is that of the agency`(finished: Bool, drawn: Bool, state: AgencyState) throws {
    var session = try SessionState.greeting.session()
    let bet = try sampleBet(6)
    let welcome = session.welcome(
      SessionState.claim, stored: 7, lastBet: bet, hasFinished: finished, isDrawn: drawn)
    #expect(welcome == .welcome(version: 1, state: state, stored: 7, lastBet: bet))
  }

  @Test func `the key of HELLO is handed on`() {
    var session = ServerSession(agencies: 1)
    #expect(session.receive(frame: Frames.hello(1, key: "clé")) == .claim(agency: 1, key: "clé"))
  }

  @Test func `a lottery without agencies knows none`() {
    var session = ServerSession(agencies: 0)
    #expect(Answer(session.receive(frame: Frames.hello(1))) == .error(.unknownAgency))
  }
}
