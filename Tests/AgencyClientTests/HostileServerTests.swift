import Glibc
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient
@testable import LotteryProtocol

/// How an agency ends with a server that refuses, breaks the protocol, stops receiving or does
/// nothing. No server does so in the simulation.
@Suite(.timeLimit(.minutes(10))) struct HostileServerTests {
  /// What a server does after the agency's first bet or line.
  struct Attack: CustomTestStringConvertible, Sendable {
    /// What comes after that.
    enum End {
      /// Nothing: it waits for the agency to end.
      case silence
      /// It sends the same again and again.
      case repetition
      case close
      /// The agency gets a signal.
      case signal
    }

    let testDescription: String
    let work: TestAgency.Work
    let bytes: [UInt8]
    let end: End
    /// How the agency ends.
    let outcome: AgencyError
    /// What its log says of its only bet.
    let log: [String]

    init(
      _ name: String, on work: TestAgency.Work = .lottery, sends bytes: [UInt8] = [],
      then end: End = .silence, _ outcome: AgencyError, log: [String] = []
    ) {
      (testDescription, self.work, self.bytes, self.end) = (name, work, bytes, end)
      (self.outcome, self.log) = (outcome, log)
    }

    func run(_ server: ScriptedServer, _ peer: Peer) async throws {
      switch work {
      case .lottery:
        try await peer.welcome()
        try await peer.require(Frames.batch(sampleBets(0..<1), at: 0))
      case .bet: try await peer.take(sampleBet(0))
      case .flood: try await peer.welcome()
      case .echo: _ = try await peer.receiveLine()
      }
      try await peer.send(bytes)
      switch end {
      case .silence: _ = await server.agency.value
      case .repetition: while try await peer.send(bytes) {}
      case .close: break
      case .signal:
        server.agency.cancel()
        _ = await server.agency.value
      }
    }
  }

  @Test(arguments: lotteries + bets + floods + echoes)
  func `the agency ends at once or after the limit, with the reason, and does not retry`(
    attack: Attack
  ) async throws {
    let agency = try TestAgency(attack.work, sampleBets(0..<1), retry: Self.policy)
    let outcome = try await agency.run { server in
      try await server.withConnection { try await attack.run(server, $0) }
    }
    switch (outcome, attack.outcome) {
    // Only the kernel knows how it broke.
    case (.disconnected, .disconnected("")): break
    default: #expect(outcome == attack.outcome)
    }
    #expect(try agency.lines.results(of: "apuesta_enviada") == attack.log)
    #expect(try agency.lines.results(of: "receive_message").isEmpty)
    #expect(try agency.lines.results(of: "retry").isEmpty)
    #expect(try agency.lines.results(of: "close_socket").count == 1)
  }

  /// Long enough for what comes before the silence, on a busy machine too.
  private static let policy = RetryPolicy(limit: .seconds(3), pause: .milliseconds(1))

  private static func gaveUp(_ event: String) -> AgencyError {
    .gaveUp(after: "3s", .noAnswer(waitedFor: event))
  }

  private static let isStored = ["success | cantidad: 1"]
  private static let lotteries =
    [
      Attack("no STORED", gaveUp("STORED")),
      Attack("no CONFIRMED", sends: [.stored(1)].frames, gaveUp("CONFIRMED"), log: isStored),
      Attack(
        "no more winners",
        sends: [.stored(1), .confirmed, .winners(more: true, documents: ["1"])].frames,
        gaveUp("WINNERS"), log: isStored),
      Attack(
        "half of the winners",
        sends: [.stored(1), .confirmed, .winners(more: false, documents: ["1"])].frames.dropLast(),
        gaveUp("WINNERS"), log: isStored),
      Attack(
        "REJECTED 1",
        sends: [.rejected(offset: 0, index: 0, code: .ruleBroken, reason: "why")].frames,
        .rejected(.ruleBroken, offset: 0, index: 0, reason: "why")),
    ]
    + [
      ([0, 0, 0, 0], "frame length 0: must be 1 to 7996"),
      ([0, 0, 0x1F, 0x3D], "frame length 7997: must be 1 to 7996"),
      ([0, 0, 0, 1, 0x03], "unknown message type 0x03"),
      ([0, 0, 0, 2, 0x82, 0], "STORED: the body is too short"),
    ].map { Attack($1, sends: $0, .unexpected($1)) }

  private static let bets = [
    Attack("no STORED", on: .bet, .inDoubt(gaveUp("STORED")), log: inDoubt(gaveUp("STORED"))),
    Attack(
      "REJECTED 4", on: .bet,
      sends: [.rejected(offset: 0, index: 0, code: .agencyFinished, reason: "why")].frames,
      .rejected(.agencyFinished, offset: 0, index: 0, reason: "why")),
    Attack(
      "ERROR 7", on: .bet, sends: error, .inDoubt(superseded), log: inDoubt(superseded)),
    Attack("SIGTERM", on: .bet, then: .signal, .cancelled, log: inDoubt(.cancelled)),
  ]

  private static func inDoubt(_ error: AgencyError) -> [String] {
    ["fail | dni: 30000000 | numero: 1 | error: \(AgencyError.inDoubt(error))"]
  }

  private static let error = ServerMessage.error(code: .superseded, reason: "why").frame
  private static let superseded = AgencyError.refused(.superseded, reason: "why")

  /// The server does not receive, and the agency sends without end.
  private static let floods = [
    Attack("ERROR 7, and the end", on: .flood, sends: error, then: .close, superseded),
    Attack(
      "REJECTED 1 among others, and the end", on: .flood,
      sends: [
        .stored(5), .rejected(offset: 5, index: 1, code: .ruleBroken, reason: "why"),
        .error(code: .malformed, reason: "not this one"),
      ].frames, then: .close, .rejected(.ruleBroken, offset: 5, index: 1, reason: "why")),
    Attack("the end", on: .flood, then: .close, .disconnected("")),
    Attack("SIGTERM", on: .flood, then: .signal, .cancelled),
    Attack("nothing", on: .flood, gaveUp("the server to receive")),
    Attack("ERROR 7, and nothing", on: .flood, sends: error, superseded),
    Attack(
      "messages without end", on: .flood,
      sends: Array(repeating: ServerMessage.confirmed, count: 4096).frames, then: .repetition,
      gaveUp("the server to receive")),
  ]

  private static let echoes =
    [[], [0x61]].map {
      Attack(
        "\($0) of the line", on: .echo(lines: 2), sends: $0, then: .close,
        .disconnected("the server closed it, before the whole line had come back"))
    } + [
      Attack(
        "a line without an end", on: .echo(lines: 1),
        sends: [UInt8](repeating: 0x61, count: 8000),
        .disconnected("the line that came back does not end")),
      Attack("no line", on: .echo(lines: 1), gaveUp("the line to come back")),
      Attack("SIGTERM", on: .echo(lines: 1), then: .signal, .cancelled),
    ]

  @Test func `a server that says nothing at all is given up`() async throws {
    let agency = try TestAgency(.lottery, retry: Self.policy)
    let outcome = try await agency.serve { peer in
      try await peer.require(Frames.hello(1))
      try await peer.requireEnd()
    }
    #expect(outcome == Self.gaveUp("WELCOME"))
  }

  @Test func `a server that says nothing but WELCOME is given up`() async throws {
    let agency = try TestAgency(
      .lottery, sampleBets(0..<1),
      retry: RetryPolicy(limit: .seconds(20), pause: .seconds(1), maxPause: .seconds(5)),
      clock: TestClock())
    var connections = 0
    let outcome = try await agency.run { server in
      try await server.withEachConnection { peer in
        // The agency may end in the middle.
        try await peer.send(.welcome(version: 1, state: .open, stored: 0, lastBet: nil))
        _ = try? await peer.receiveFrame()
        connections += 1
      }
    }
    // The last attempt may have too little time left to see the end of its connection.
    switch outcome {
    case .gaveUp(_, .disconnected), .gaveUp(_, .noAnswer): #expect(connections > 1)
    default: Issue.record("\(outcome as Any)")
    }
  }

  @Test func `a connection that is not accepted is given up`() async throws {
    // The queue has room for one connection (listen(2)). More that are begun hang.
    let sockets = try (0..<4).map { _ in try Socket(family: AF_INET) }
    defer { for socket in sockets { socket.close() } }
    _ = withLoopback(0) { bind(sockets[0].descriptor, $0, $1) }
    listen(sockets[0].descriptor, 0)
    let port = try sockets[0].port()
    for socket in sockets.dropFirst() {
      _ = withLoopback(port) { connect(socket.descriptor, $0, $1) }
    }
    let endpoint = try #require(Endpoint("127.0.0.1:\(port)"))
    let agency = try TestAgency(retry: Self.policy)
    let worker = Worker(label: "agency")
    await #expect(throws: Self.gaveUp("a connection to \(endpoint)")) {
      try await agency.run(at: endpoint, on: worker)
    }
  }
}
