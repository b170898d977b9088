import TestSupport
import Testing

@testable import LotteryProtocol
@testable import LotteryServer

/// The state of a conversation of agency 1 of five. See ``session()``.
enum SessionState: CaseIterable {
  /// Before HELLO.
  case greeting
  /// Bets are taken; three are stored.
  case open
  /// FINISHED was confirmed, with three bets.
  case finished
  /// As it was told by WELCOME on a new connection, after the draw.
  case drawn

  static let claim = Claim(agency: 1, order: 1) {}

  /// A conversation in this state.
  func session() throws -> ServerSession {
    var session = ServerSession(agencies: 5)
    if self == .greeting { return session }
    _ = session.receive(frame: Frames.hello(1))
    _ = session.welcome(
      Self.claim, stored: 3, lastBet: try sampleBet(2), hasFinished: self == .drawn,
      isDrawn: self == .drawn)
    if self == .finished {
      _ = session.receive(frame: Frames.finished(3))
      _ = session.confirm(Self.claim)
    }
    return session
  }
}

extension ServerSession {
  /// Takes a frame with its header.
  mutating func receive(frame: [UInt8]) -> SessionAction {
    receive(frame.span.extracting(ProtocolLimits.frameHeaderSize...))
  }
}

/// Every message in every state of the conversation. What is stored of batches, and what is
/// answered, is compared with a model by the fuzz target `session`.
@Suite struct SessionTests {
  struct Row: CustomTestStringConvertible {
    let testDescription: String
    let frame: [UInt8]
    /// What is answered before HELLO, while bets are taken, after FINISHED, and on a new connection
    /// after the draw. The last one stands for those that are left out. Nil is ERROR 1, whose reason
    /// the decoder's tests have.
    let answers: [SessionAction?]

    init(_ message: String, _ frame: [UInt8], _ answers: SessionAction?...) {
      testDescription = message
      self.frame = frame
      self.answers = answers
    }
  }

  @Test(arguments: try Self.control + Self.bets + Self.undecodable)
  func `every state has its answer`(row: Row) throws {
    for (index, state) in SessionState.allCases.enumerated() {
      var session = try state.session()
      let action = session.receive(frame: row.frame)
      let expected = row.answers[min(index, row.answers.count - 1)]
      if case .reject = action { #expect(session.pending.rows.isEmpty) }
      if expected == nil, case .fail(.malformed, _) = action { continue }
      #expect(action == expected, "in state \(state)")
    }
  }

  private static let helloFirst = SessionAction.fail(.notNow, "HELLO must come first")
  private static let helloAgain = SessionAction.fail(.notNow, "HELLO may be sent only once")

  private static func others(_ total: UInt64) -> SessionAction {
    .fail(.totalsDiffer, "total \(total): 3 bets are stored")
  }
  private static func unknown(_ agency: UInt32) -> SessionAction {
    .fail(.unknownAgency, "agency \(agency): must be 1 to 5")
  }

  static let control = [
    Row("HELLO with a key", Frames.hello(1, key: "clé"), .claim(agency: 1, key: "clé"), helloAgain),
    Row("HELLO of the last agency", Frames.hello(5), .claim(agency: 5, key: ""), helloAgain),
    Row("HELLO of agency 0", Frames.hello(0), unknown(0), helloAgain),
    Row("HELLO of agency 6 of 5", Frames.hello(6), unknown(6), helloAgain),
    Row(
      "HELLO of version 2", Frames.hello(1, version: 2),
      .fail(.version, "version 2: this server speaks 1"), helloAgain),
    Row(
      "FINISHED with the total", Frames.finished(3), helloFirst,
      .finish(total: 3, by: SessionState.claim), .reply(.confirmed)),
    Row("FINISHED with one less", Frames.finished(2), helloFirst, others(2)),
    Row("FINISHED with one more", Frames.finished(4), helloFirst, others(4)),
    Row(
      "WINNERS?", Frames.winnersQuery, helloFirst,
      .fail(.notNow, "WINNERS? must come after FINISHED"), .awaitDraw(agency: 1)),
    Row(
      "STATUS?", Frames.statusQuery, .tellStatus,
      .fail(.notNow, "the status is not told on an agency's connection")),
  ]

  static var bets: [Row] {
    get throws {
      let two = try sampleBets(0..<2)
      let label = BetBatch.Label(document: two[0].document, number: two[0].number)
      func rejected(
        _ offset: UInt64, _ code: RejectionCode, _ reason: String, at index: UInt16 = 0,
        of bets: Int = 2
      ) -> SessionAction {
        .reject(
          .rejected(offset: offset, index: index, code: code, reason: reason), of: 1, bets: bets,
          single: bets == 1 ? label : nil)
      }
      func closed(_ offset: UInt64, of bets: Int = 2) -> SessionAction {
        rejected(offset, .agencyFinished, "the agency finished with 3 bets", of: bets)
      }
      func gap(_ offset: UInt64, of bets: Int = 2) -> SessionAction {
        rejected(offset, .outOfSequence, "offset \(offset): 3 bets are stored", of: bets)
      }
      func batch(_ offset: UInt64) -> [UInt8] { Frames.batch(two, at: offset) }
      let bad = "document \"x0000001\": must be 1 to 20 digits"
      return [
        Row("BATCH at what is stored", batch(3), helloFirst, .gathered, closed(3)),
        Row("BATCH that overlaps what is stored", batch(2), helloFirst, .gathered, closed(2)),
        Row("BATCH that is stored already", batch(1), helloFirst, .gathered),
        Row("BATCH after a gap", batch(4), helloFirst, gap(4)),
        Row("BATCH at the largest offset", batch(.max), helloFirst, gap(.max)),
        Row(
          "BATCH with a bad bet", Frames.batch(two, badAt: 1, at: 3), helloFirst,
          rejected(3, .ruleBroken, bad, at: 1), closed(3)),
        Row(
          "BET at what is stored", Frames.bet(two[0], at: 3), helloFirst, .gathered,
          closed(3, of: 1)),
        Row("BET that is stored already", Frames.bet(two[0], at: 2), helloFirst, .gathered),
        Row("BET after a gap", Frames.bet(two[0], at: 4), helloFirst, gap(4, of: 1)),
      ]
    }
  }

  static var undecodable: [Row] {
    get throws {
      let body = withoutHeader(Frames.batch(try sampleBets(0..<2), at: 3))
      return [
        Row("a type that is not in the table", Frames.frame([6]), nil),
        Row("a message of the server", Frames.frame([0x84]), nil),
        Row("WINNERS? with a body", Frames.frame([5, 0]), nil),
        Row("BATCH of no bets", Frames.batch([], at: 3), nil),
        Row("BATCH that ends early", Frames.frame(body.dropLast()), helloFirst, nil),
      ]
    }
  }

  @Test func `a connection that asks for the status does nothing else`() throws {
    var session = try SessionState.greeting.session()
    #expect(session.receive(frame: Frames.statusQuery) == .tellStatus)
    #expect(session.receive(frame: Frames.statusQuery) == .tellStatus)
    let alone = SessionAction.fail(.notNow, "this connection asks for the status alone")
    #expect(session.receive(frame: Frames.hello(1)) == alone)
  }

  @Test(arguments: [true, false])
  func `a group is full once its rows reach the limit, or there are too many batches`(
    areNew: Bool
  ) throws {
    var session = try SessionState.open.session()
    let size = areNew ? 100 : 1
    var next = areNew ? 3 : 0
    while !session.pending.isFull, session.pending.batches.count < 20_000 {
      _ = session.receive(
        frame: Frames.batch(try sampleBets(next..<(next + size)), at: UInt64(next)))
      if areNew { next += size }
    }
    #expect(session.pending.batches.count < 20_000)
    let batch = rows(try sampleBets(next..<(next + size))).count
    let full = PendingBets.sizeLimit...(PendingBets.sizeLimit + batch)
    #expect(areNew ? full.contains(session.pending.rows.count) : session.pending.rows.isEmpty)
  }
}
