import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(10))) struct BetModeTests {
  private let bet: Bet
  private let lines: LogFile

  init() throws {
    bet = try sampleBet(7)
    lines = try LogFile(.go, level: .debug)
  }

  @Test func `the bet is sent after the stored ones, and logged once it is stored`() async throws {
    let outcome = try await serve { peer in
      try await peer.take(bet, at: 3, after: sampleBets(0..<3))
      try await peer.send(.stored(4))
      try await peer.require(nil)
    }
    #expect(outcome == nil)
    #expect(try lines.results(of: "apuesta_enviada") == ["success | dni: 30000007 | numero: 7"])
  }

  /// One connection: what is stored when the agency comes, the offset of its BET, and the answer.
  struct Attempt: Sendable {
    let stored: [Bet]
    let offset: UInt64?
    let answer: ServerMessage?

    /// - Parameters:
    ///   - offset: nil if the connection ends after HELLO.
    ///   - answer: nil if the connection ends without one.
    init(_ stored: [Bet], _ offset: UInt64?, _ answer: ServerMessage?) {
      self.stored = stored
      self.offset = offset
      self.answer = answer
    }
  }

  @Test(arguments: try attempts())
  func `it sends the bet until it is stored once`(_ what: String, attempts: [Attempt]) async throws
  {
    let bet = try Self.bet()
    let outcome = try await run(bet) { server in
      for attempt in attempts {
        try await server.withConnection { peer in
          guard let offset = attempt.offset else {
            return try await peer.require(.hello(agency: 1))
          }
          try await peer.take(bet, at: offset, after: attempt.stored)
          guard let answer = attempt.answer else { return }
          try await peer.send(answer)
          try await peer.require(nil)
        }
      }
    }
    #expect(outcome == nil)
    #expect(try lines.results(of: "apuesta_enviada").count == 1)
    #expect(try lines.results(of: "retry").count == attempts.count - 1)
  }

  private static func bet(_ firstName: String = "Jos\u{E9}") throws -> Bet {
    try Bet(
      firstName: firstName, lastName: "P", document: "1", birthdate: "2000-01-01", number: "1")
  }

  private static func attempts() throws -> [(String, [Attempt])] {
    let (bet, other) = (try bet(), try sampleBet(1))
    let full = ServerMessage.rejected(offset: 0, index: 0, code: .notStored, reason: "disk full")
    return [
      ("the same bet placed twice on purpose", [.init([bet], 1, .stored(2))]),
      (
        "the same bet in WELCOME before this one",
        [.init([], nil, nil), .init([bet], 1, .stored(2))]
      ),
      (
        "a name that looks the same in other bytes",
        [.init([], 0, nil), .init([try Self.bet("Jose\u{301}")], 1, .stored(2))]
      ),
      ("another bet at its offset", [.init([], 0, nil), .init([other], 1, .stored(2))]),
      (
        "a full disk, which leaves no doubt",
        [.init([], 0, full), .init([other, other], 2, .stored(3))]
      ),
      ("a bet that was lost", [.init([], 0, nil), .init([], 0, .stored(1))]),
    ]
  }

  @Test func `a lost answer to a stored bet does not have it sent twice`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.take(bet, at: 0)
      }
      try await server.withConnection { peer in
        try await peer.welcome([bet])
        try await peer.require(nil)
      }
    }
    #expect(outcome == nil)
    #expect(try lines.results(of: "apuesta_enviada").count == 1)
    #expect(try lines.results(of: "retry").count == 1)
  }

  @Test func `it is in doubt, and not sent again, if other bets follow it`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.take(bet, at: 0)
      }
      try await server.withConnection { peer in
        try await peer.welcome([bet, sampleBet(1)])
        try await peer.require(nil)
      }
    }
    #expect(outcome == .inDoubt(.overtaken(offset: 0, stored: 2)))
    #expect(
      try lines.results(of: "apuesta_enviada") == [
        "fail | dni: 30000007 | numero: 7 | error: unknown whether the bet is stored: "
          + "it was sent as bet 0, and the server's last bet is 1"
      ])
  }

  @Test func `it is in doubt if the server never answers it`() async throws {
    let outcome = try await serve(retry: RetryPolicy(limit: .seconds(3))) { peer in
      try await peer.take(bet, at: 0)
      try await peer.require(nil)
    }
    #expect(outcome == .inDoubt(.gaveUp(after: "3s", .noAnswer(waitedFor: "STORED"))))
    #expect(outcome?.exitStatus == .inDoubt)
  }

  @Test func `SIGTERM while it is in doubt ends it well, and the log says so`() async throws {
    let outcome = try await run { server in
      try await server.withConnection { peer in
        try await peer.take(bet, at: 0)
        server.agency.cancel()
        try await peer.require(nil)
      }
    }
    #expect(outcome == .cancelled)
    #expect(
      try lines.results(of: "apuesta_enviada") == [
        "fail | dni: 30000007 | numero: 7 | error: unknown whether the bet is stored: cancelled"
      ])
  }

  @Test(
    arguments: [
      (
        .rejected(offset: 0, index: 0, code: .agencyFinished, reason: "why"),
        .rejected(.agencyFinished, offset: 0, index: 0, reason: "why")
      ),
      (.error(code: .superseded, reason: "why"), .inDoubt(.refused(.superseded, reason: "why"))),
      (.stored(2), .inDoubt(.unexpected("STORED 1 should answer BET"))),
      (.stored(0), .inDoubt(.unexpected("STORED 1 should answer BET"))),
      (.confirmed, .inDoubt(.unexpected("STORED 1 should answer BET"))),
    ] as [(ServerMessage, AgencyError)])
  func `what the server finds bad ends it, and is not logged as sent`(
    answer: ServerMessage, error: AgencyError
  ) async throws {
    let outcome = try await serve { peer in
      try await peer.take(bet, at: 0)
      try await peer.send(answer)
      try await peer.require(nil)
    }
    #expect(outcome == error)
    let isInDoubt = error.exitStatus == .inDoubt
    #expect(
      try lines.results(of: "apuesta_enviada").count { $0.hasPrefix("fail") } == (isInDoubt ? 1 : 0)
    )
    #expect(try !lines.results(of: "apuesta_enviada").contains { $0.hasPrefix("success") })
    #expect(try lines.results(of: "retry").isEmpty)
  }

  private func serve(
    _ bet: Bet? = nil, retry: RetryPolicy = RetryPolicy(),
    _ script: (Peer) async throws -> Void
  ) async throws -> AgencyError? {
    try await run(bet, retry: retry) { try await $0.withConnection(script) }
  }

  private func run(
    _ bet: Bet? = nil, retry: RetryPolicy = RetryPolicy(),
    _ script: (ScriptedServer) async throws -> Void
  ) async throws -> AgencyError? {
    try await outcome(
      of: { [bet = bet ?? self.bet, log = lines.log] endpoint, worker in
        var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        configuration.retry = retry
        let agency = Agency(
          configuration, worker: worker, log: log, clock: TestClock(advancingAt: 1))
        try await BetMode(agency: agency, bet: bet).run()
      }, script: script)
  }
}

extension Peer {
  /// Answers HELLO that `stored` bets are stored, and requires BET after them.
  fileprivate func take(_ bet: Bet, at offset: UInt64, after stored: [Bet] = []) async throws {
    try await welcome(stored)
    try await require(.bet(bet, offset: offset))
  }
}

@Suite struct BetConversationTests {
  /// What to do after a WELCOME.
  enum Step: Equatable {
    case send(offset: UInt64)
    case stored
    case unknown(offset: UInt64)
  }

  private func conversation() throws -> BetConversation {
    try BetConversation(sampleBet(0), agency: 1, key: "")
  }

  @Test func `a bet that was not sent is sent after the stored ones, whatever they are`() throws {
    var conversation = try conversation()
    #expect(!conversation.isInDoubt)
    #expect(try conversation.step(stored: 3, lastBet: sampleBet(0)) == .send(offset: 3))
    #expect(conversation.isInDoubt)
    #expect(try conversation.receive(.stored(4)) == .stored)
    #expect(!conversation.isInDoubt)
  }

  @Test(
    arguments: [
      (0, 1, .send(offset: 0), true), (2, 0, .send(offset: 2), true),
      (3, 0, .send(offset: 3), true), (3, 1, .send(offset: 3), true), (4, 0, .stored, false),
      (4, 1, .send(offset: 4), true), (5, 0, .unknown(offset: 3), true),
      (5, 1, .unknown(offset: 3), true), (.max, 0, .unknown(offset: 3), true),
    ] as [(UInt64, Int, Step, Bool)])
  func `after a bet was sent at offset 3, WELCOME tells its fate`(
    stored: UInt64, last: Int, step: Step, isInDoubt: Bool
  ) throws {
    var conversation = try conversation()
    _ = try conversation.step(stored: 3, lastBet: nil)
    #expect(try conversation.step(stored: stored, lastBet: sampleBet(last)) == step)
    #expect(conversation.isInDoubt == isInDoubt)
  }

  @Test func `a bet that was rejected leaves no doubt`() throws {
    var conversation = try conversation()
    _ = try conversation.step(stored: 3, lastBet: nil)
    try conversation.reject()
    #expect(try conversation.step(stored: 5, lastBet: sampleBet(1)) == .send(offset: 5))
  }

  @Test func `the largest offsets do not crash it`() throws {
    var conversation = try conversation()
    for _ in 0..<2 {
      #expect(try conversation.step(stored: .max, lastBet: sampleBet(0)) == .send(offset: .max))
    }
  }

  @Test(arguments: 0..<2000 as Range<UInt64>)
  func
    `the bet is never stored twice, and success is true`(seed: UInt64) throws
  {
    var model = try Model(seed: seed)
    let outcome = try model.run()
    let count = model.held.count { $0 == model.bet }
    #expect(count <= 1)
    switch outcome {
    case .stored: #expect(count == 1)
    case .unknown:
      #expect(model.hasOthers)
      #expect(model.lost > 0)
    default: Issue.record("\(outcome)")
    }
  }

  /// A server, a network that loses connections, and another process of the same agency.
  private struct Model {
    let bet: Bet
    var held: [Bet] = []
    var lost = 0
    let hasOthers: Bool
    private var random: SeededGenerator
    private var others = 1

    init(seed: UInt64) throws {
      random = SeededGenerator(seed: seed)
      hasOthers = random.oneIn(2)
      bet = try sampleBet(0)
    }

    /// Connects until something is known. The network heals in the end.
    mutating func run() throws -> Step {
      var conversation = BetConversation(bet, agency: 1, key: "")
      while true {
        try otherBets()
        let step = try conversation.step(stored: UInt64(held.count), lastBet: held.last)
        guard case .send(let offset) = step else { return step }
        let fate = lost < 8 ? random.pick(Fate.allCases) : .answered
        if hasOthers, random.oneIn(8) {
          // It takes the claim over between WELCOME and BET, which is then lost.
          try otherBets()
          lost += 1
          continue
        }
        if fate == .rejected {
          try conversation.reject()
          continue
        }
        if fate != .lostBet {
          try #require(offset == UInt64(held.count))
          held.append(bet)
        }
        if fate == .answered { return .stored }
        lost += 1
      }
    }

    private enum Fate: CaseIterable {
      case answered, lostBet, lostAnswer, rejected
    }

    private mutating func otherBets() throws {
      guard hasOthers else { return }
      for _ in 0..<random.pick([0, 0, 1, 2]) {
        held.append(try sampleBet(others))
        others += 1
      }
    }
  }
}

extension BetConversation {
  /// What the conversation does after WELCOME over a new connection.
  fileprivate mutating func step(
    stored: UInt64, lastBet: Bet?
  ) throws -> BetConversationTests.Step {
    _ = hello()
    let welcome = ServerMessage.welcome(version: 1, state: .open, stored: stored, lastBet: lastBet)
    let effect: Effect
    do throws(AgencyError) {
      effect = try receive(welcome)
    } catch {
      guard case .overtaken(let offset, stored) = error else { throw error }
      return .unknown(offset: offset)
    }
    guard case .send(let frame) = effect else { return .stored }
    let body = frame.dropFirst(ProtocolLimits.frameHeaderSize)
    guard case .bet(bet, let offset) = try AgencyWord(frame: body.span) else {
      throw AgencyError.unexpected("not the bet")
    }
    return .send(offset: offset)
  }

  /// Has the server reject the bet.
  fileprivate mutating func reject() throws {
    let rejected = ServerMessage.rejected(offset: 0, index: 0, code: .notStored, reason: "")
    #expect(throws: AgencyError.self) { try receive(rejected) }
  }
}
