import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Every message of the server in every phase of the conversation. What an agency and a server do
/// together is for the simulation.
@Suite struct LotteryConversationTests {
  /// A phase of the conversation of an agency with seven bets, three of which the server had.
  enum Phase: Int, CaseIterable {
    /// HELLO was sent.
    case greeting
    /// Two batches are in flight, which end at 5 and at 7.
    case sending
    /// All bets are stored; FINISHED and WINNERS? were sent.
    case finishing
    /// FINISHED was confirmed.
    case drawing
    /// One winner has come, and more will.
    case counting
    /// All winners have come.
    case over

    /// What is said of a message that does not fit.
    var problem: String {
      switch self {
      case .greeting: "WELCOME should answer HELLO"
      case .sending: "STORED should answer BATCH"
      case .finishing: "CONFIRMED should answer FINISHED"
      case .drawing, .counting: "WINNERS should answer WINNERS?"
      case .over: "nothing should follow the last WINNERS"
      }
    }

    /// A conversation in this phase.
    func conversation() throws -> LotteryConversation {
      var conversation = LotteryConversation(agency: 3, key: "clé", window: 2)
      _ = conversation.hello()
      let answers: [ServerMessage] = [
        .welcome(stored: 3), .stored(7), .confirmed, .winners(more: true, documents: ["1"]),
        .winners(more: false, documents: ["2"]),
      ]
      for (index, answer) in answers.prefix(rawValue).enumerated() {
        _ = try conversation.receive(answer)
        _ = try conversation.send(batchesEndingAt: index == 0 ? [5, 7] : [], after: 3)
      }
      return conversation
    }
  }

  typealias Answer = Result<LotteryConversation.Effect, AgencyError>

  @Test(arguments: answers)
  func `every phase has its effect, and names what does not fit`(
    message: ServerMessage, answers: [Phase: Answer]
  ) throws {
    for phase in Phase.allCases {
      var conversation = try phase.conversation()
      let answer = Answer { () throws(AgencyError) in try conversation.receive(message) }
      #expect(answer == answers[phase] ?? .failure(.unexpected(phase.problem)), "in \(phase)")
    }
  }

  /// In phases that are not named the message does not fit.
  private static let answers: [(ServerMessage, [Phase: Answer])] =
    [
      (
        .welcome(stored: 3),
        [.greeting: .success(.resume(stored: 3, lastBet: nil, acknowledged: 0))]
      ),
      (
        .welcome(version: 2, state: .open, stored: 3, lastBet: nil),
        [.greeting: .failure(.unexpected("WELCOME has version 2, not 1"))]
      ),
      (.stored(5), [.sending: .success(.stored([.init(count: 2, end: 5)]))]),
      (
        .stored(7),
        [.sending: .success(.stored([.init(count: 2, end: 5), .init(count: 2, end: 7)]))]
      ),
      (.confirmed, [.finishing: .success(.confirmed)]),
      (
        .winners(more: true, documents: ["2"]),
        [.drawing: .success(.winners), .counting: .success(.winners)]
      ),
      (.winners(more: true, documents: []), [.drawing: endless, .counting: endless]),
      (
        .status(more: false, LotteryStatus(isDrawn: false, agencies: 5, connections: 0, seen: [])),
        [:]
      ),
    ]
    + ([0, 3, 4, 6, 8, .max] as [UInt64]).map {
      (.stored($0), [.sending: .failure(.unexpected("STORED \($0) answers no batch"))])
    }
    + [0, 6, 7, 8].map { count in
      (
        .winners(more: false, documents: .init(repeating: "1", count: count)),
        [.drawing: ends(after: count), .counting: ends(after: count + 1)]
      )
    }

  /// A server could go on for ever.
  private static let endless = Answer.failure(
    .unexpected("WINNERS without winners, but with more to come"))

  /// No more winners than bets.
  private static func ends(after winners: Int) -> Answer {
    winners <= 7
      ? .success(.over(winners: UInt64(winners)))
      : .failure(.unexpected("\(winners) winners of 7 bets"))
  }

  @Test(
    arguments: [
      (.greeting, .welcome, 0), (.sending, .stored, 3), (.finishing, .confirmed, 7),
      (.drawing, .winners, 7), (.counting, .winners, 7), (.over, .winners, 7),
    ] as [(Phase, MessageType, UInt64)])
  func `each phase waits for one message and ends with any code, and the next one goes on`(
    phase: Phase, awaited: MessageType, acknowledged: UInt64
  ) throws {
    var conversation = try phase.conversation()
    #expect(conversation.awaited == awaited)
    #expect(conversation.isDrawing == (phase == .drawing))
    #expect(conversation.isSending == (phase == .sending))
    #expect(conversation.inFlight == (phase == .sending ? 2 : 0))
    for code in ErrorCode.allCases {
      #expect(throws: AgencyError.refused(code, reason: "why")) {
        try conversation.receive(.error(code: code, reason: "why"))
      }
    }
    for code in RejectionCode.allCases {
      #expect(throws: AgencyError.rejected(code, offset: 3, index: 1, reason: "why")) {
        try conversation.receive(.rejected(offset: 3, index: 1, code: code, reason: "why"))
      }
    }
    #expect(conversation.hello() == Frames.hello(3, key: "clé"))
    #expect(conversation.awaited == .welcome)
    // What was in flight is not any more. The agency knows what the server had said.
    #expect(conversation.inFlight == 0)
    #expect(
      try conversation.receive(.welcome(stored: 2))
        == .resume(stored: 2, lastBet: nil, acknowledged: acknowledged))
    #expect(try conversation.send(batchesEndingAt: [4, 6], after: 2) == ["4", "6"])
  }

  @Test(
    arguments: [
      (1, 1, [1, 0, 1]), (2, 1, [2, 0, 1]), (5, 1, [5, 0, 1]),
      // A burst of 64 KiB: the rest is made after it was sent.
      (100, ProtocolLimits.packetSize, [9, 9, 9]),
    ])
  func `the window limits the batches in flight, and a burst those that are sent at once`(
    window: Int, frameSize: Int, counts: [Int]
  ) throws {
    var conversation = LotteryConversation(agency: 1, key: "", window: window)
    _ = conversation.hello()
    _ = try conversation.receive(.welcome(stored: 0))
    var end: UInt64 = 0
    for (index, count) in counts.enumerated() {
      // Each that is answered makes room for another one.
      if index == 2 { _ = try conversation.receive(.stored(1)) }
      var frames: [UInt8] = []
      try conversation.appendFrames(to: &frames) { frames throws(AgencyError) in
        frames += [UInt8](repeating: 0, count: frameSize)
        end += 1
        return SentBatch(count: 1, end: end)
      }
      #expect(frames.count == count * frameSize)
    }
    #expect(conversation.inFlight == counts.reduce(0, +) - 1)
  }

  @Test func `bets that cannot be read count once all before them are stored`() throws {
    let bad = AgencyError.badRow(path: "a.csv", line: 4, reason: "why")
    var conversation = try Phase.sending.conversation()
    for stored in [5, 7] as [UInt64] {
      #expect(try conversation.send(batchesEndingAt: [], after: 7, then: bad).isEmpty)
      _ = try conversation.receive(.stored(stored))
    }
    #expect(throws: bad) { try conversation.send(batchesEndingAt: [], after: 7, then: bad) }
  }
}

extension ServerMessage {
  /// WELCOME without a last bet.
  fileprivate static func welcome(stored: UInt64) -> Self {
    .welcome(version: 1, state: .open, stored: stored, lastBet: nil)
  }
}

extension LotteryConversation {
  /// Lets it send batches of bets that begin after `start` and end at `ends`, as far as it wants
  /// them. After them come no bets, or `failure`. The end of a batch stands for its frame.
  ///
  /// - Returns: the ends of those that it sent, as text.
  fileprivate mutating func send(
    batchesEndingAt ends: [UInt64], after start: UInt64, then failure: AgencyError? = nil
  ) throws -> [String] {
    var frames: [UInt8] = []
    var rest = ends[...]
    var last = start
    try appendFrames(to: &frames) { frames throws(AgencyError) in
      guard let end = rest.popFirst() else {
        if let failure { throw failure }
        return nil
      }
      defer { last = end }
      frames += "\(end);".utf8
      return SentBatch(count: Int(end - last), end: end)
    }
    return String(decoding: frames, as: UTF8.self).split(separator: ";").map(String.init)
  }
}
