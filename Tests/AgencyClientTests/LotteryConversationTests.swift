import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Every message of the server in every phase of the conversation. What an agency and a server do
/// together is for the simulation.
@Suite struct LotteryConversationTests {
  /// A phase of the conversation of an agency with seven bets, three of which the server had.
  enum Phase: CaseIterable {
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

    /// A conversation in this phase.
    func conversation() throws -> LotteryConversation {
      var conversation = LotteryConversation(agency: 3, key: "clé", window: 2)
      _ = conversation.hello()
      if self == .greeting { return conversation }
      _ = try conversation.receive(.welcome(stored: 3))
      _ = try conversation.send(batchesEndingAt: [5, 7], after: 3)
      if self == .sending { return conversation }
      _ = try conversation.receive(.stored(7))
      _ = try conversation.send(batchesEndingAt: [])
      if self == .finishing { return conversation }
      _ = try conversation.receive(.confirmed)
      if self == .drawing { return conversation }
      _ = try conversation.receive(.winners(more: true, documents: ["1"]))
      if self == .counting { return conversation }
      _ = try conversation.receive(.winners(more: false, documents: ["2"]))
      return conversation
    }
  }

  @Test(arguments: effects)
  func `every phase has its effect, and all else breaks the protocol`(
    message: ServerMessage, effects: [Phase: LotteryConversation.Effect]
  ) throws {
    for phase in Phase.allCases {
      var conversation = try phase.conversation()
      do throws(AgencyError) {
        let effect = try conversation.receive(message)
        #expect(effect == effects[phase], "in phase \(phase)")
      } catch {
        #expect(effects[phase] == nil, "in phase \(phase)")
        #expect(error.exitStatus == .protocolError, "in phase \(phase): \(error)")
      }
    }
  }

  private static let effects: [(ServerMessage, [Phase: LotteryConversation.Effect])] =
    [
      (.welcome(stored: 3), [.greeting: .resume(stored: 3, lastBet: nil, acknowledged: 0)]),
      (.stored(5), [.sending: .stored([.init(count: 2, end: 5)])]),
      (.stored(7), [.sending: .stored([.init(count: 2, end: 5), .init(count: 2, end: 7)])]),
      (.confirmed, [.finishing: .confirmed]),
      (.winners(more: true, documents: ["2"]), [.drawing: .winners, .counting: .winners]),
      // No more winners than bets.
      (winners(0), [.drawing: .over(winners: 0), .counting: .over(winners: 1)]),
      (winners(6), [.drawing: .over(winners: 6), .counting: .over(winners: 7)]),
      (winners(7), [.drawing: .over(winners: 7)]), (winners(8), [:]),
      // An empty frame that is not the last would let a server go on for ever.
      (.winners(more: true, documents: []), [:]),
      (.welcome(version: 2, state: .open, stored: 3, lastBet: nil), [:]),
      (
        .status(more: false, LotteryStatus(isDrawn: false, agencies: 5, connections: 0, seen: [])),
        [:]
      ),
    ] + ([0, 3, 4, 6, 8, .max] as [UInt64]).map { (.stored($0), [:]) }

  private static func winners(_ count: Int) -> ServerMessage {
    .winners(more: false, documents: .init(repeating: "1", count: count))
  }

  @Test(arguments: Phase.allCases)
  func `a REJECTED and an ERROR end every phase, with code and reason`(phase: Phase) throws {
    for code in ErrorCode.allCases {
      var conversation = try phase.conversation()
      #expect(throws: AgencyError.refused(code, reason: "why")) {
        try conversation.receive(.error(code: code, reason: "why"))
      }
    }
    for code in RejectionCode.allCases {
      var conversation = try phase.conversation()
      #expect(throws: AgencyError.rejected(code, offset: 3, index: 1, reason: "why")) {
        try conversation.receive(.rejected(offset: 3, index: 1, code: code, reason: "why"))
      }
    }
  }

  @Test(
    arguments: [
      (.greeting, .welcome, 0), (.sending, .stored, 3), (.finishing, .confirmed, 7),
      (.drawing, .winners, 7), (.counting, .winners, 7), (.over, .winners, 7),
    ] as [(Phase, MessageType, UInt64)])
  func `each phase knows what it waits for, and the next connection what the server had said`(
    phase: Phase, awaited: MessageType, acknowledged: UInt64
  ) throws {
    var conversation = try phase.conversation()
    #expect(conversation.awaited == awaited)
    #expect(conversation.isDrawing == (phase == .drawing))
    #expect(conversation.isSending == (phase == .sending))
    #expect(conversation.inFlight == (phase == .sending ? 2 : 0))
    #expect(conversation.hello() == Frames.hello(3, key: "clé"))
    #expect(conversation.awaited == .welcome)
    #expect(
      try conversation.receive(.welcome(stored: 2))
        == .resume(stored: 2, lastBet: nil, acknowledged: acknowledged))
    // What was in flight is not any more.
    #expect(conversation.inFlight == 0)
    #expect(try conversation.send(batchesEndingAt: [4, 6], after: 2) == ["4", "6"])
  }

  @Test(
    arguments: [
      (
        [.welcome(version: 2, state: .open, stored: 0, lastBet: nil)],
        "WELCOME has version 2, not 1", .greeting
      ),
      ([.stored(5), .stored(5)], "STORED 5 answers no batch", .sending),
      ([.confirmed, .confirmed], "WINNERS should answer WINNERS?", .finishing),
      ([winners(8)], "8 winners of 7 bets", .drawing),
    ] as [([ServerMessage], String, Phase)])
  func `an answer that does not fit is named`(
    messages: [ServerMessage], what: String, phase: Phase
  ) throws {
    var conversation = try phase.conversation()
    for message in messages.dropLast() { _ = try conversation.receive(message) }
    let last = try #require(messages.last)
    #expect(throws: AgencyError.unexpected(what)) { try conversation.receive(last) }
  }

  // MARK: - What is sent, and when

  @Test(arguments: [1, 2, 5])
  func `no more batches are in flight than the window has room for`(size: Int) throws {
    var conversation = try conversation(window: size)
    let ends = Array(1...9 as ClosedRange<UInt64>)
    #expect(try conversation.send(batchesEndingAt: ends).count == size)
    #expect(conversation.inFlight == size)
    #expect(try conversation.send(batchesEndingAt: ends).isEmpty)
    // Each that is answered makes room for another one.
    _ = try conversation.receive(.stored(1))
    #expect(
      try conversation.send(batchesEndingAt: [UInt64(size) + 1, 100], after: UInt64(size)).count
        == 1)
    #expect(conversation.inFlight == size)
  }

  @Test func `frames are made up to a burst, and the rest after it was sent`() throws {
    var conversation = try conversation(window: 100)
    let frame = [UInt8](repeating: 0, count: ProtocolLimits.packetSize)
    var end: UInt64 = 0
    for expected in [9, 9] {
      var frames: [UInt8] = []
      try conversation.appendFrames(to: &frames) { frames throws(AgencyError) in
        frames += frame
        end += 1
        return SentBatch(count: 1, end: end)
      }
      #expect(frames.count == expected * ProtocolLimits.packetSize)
    }
    #expect(conversation.inFlight == 18)
  }

  @Test func `bets that cannot be read count once all before them are stored`() throws {
    let bad = AgencyError.badRow(path: "a.csv", line: 4, reason: "why")
    var conversation = try conversation(window: 4)
    _ = try conversation.send(batchesEndingAt: [3, 5], then: bad)
    #expect(conversation.inFlight == 2)
    for stored in [3, 5] as [UInt64] {
      #expect(try conversation.send(batchesEndingAt: [], then: bad).isEmpty)
      _ = try conversation.receive(.stored(stored))
    }
    #expect(throws: bad) { try conversation.send(batchesEndingAt: [], then: bad) }
  }

  /// A conversation that was welcomed, without bets on the server.
  private func conversation(window: Int) throws -> LotteryConversation {
    var conversation = LotteryConversation(agency: 1, key: "", window: window)
    _ = conversation.hello()
    _ = try conversation.receive(.welcome(stored: 0))
    return conversation
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
    batchesEndingAt ends: [UInt64], after start: UInt64 = 0, then failure: AgencyError? = nil
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
