import Glibc
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient
@testable import LotteryProtocol

/// How an agency ends with a server that refuses, breaks the protocol, stops receiving or does
/// nothing. No server does so in the simulation.
@Suite(.timeLimit(.minutes(10))) struct HostileServerTests {
  struct Attack: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var work = TestAgency.Work.lottery
    let outcome: AgencyError
    /// What the log says of the only bet.
    var log: [String] = []
    let script: @Sendable (ScriptedServer, Peer) async throws -> Void
  }

  @Test(arguments: silences + refusals + floods + echoes)
  func `the agency ends at once or after the limit, with the reason, and does not retry`(
    attack: Attack
  ) async throws {
    let agency = try TestAgency(attack.work, sampleBets(0..<1), retry: Self.policy)
    let outcome = try await agency.run { server in
      try await server.withConnection { try await attack.script(server, $0) }
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

  private static func gaveUp(waitedFor event: String) -> AgencyError {
    .gaveUp(after: "3s", .noAnswer(waitedFor: event))
  }

  private static func inDoubt(_ error: AgencyError) -> String {
    "fail | dni: 30000000 | numero: 1 | error: \(AgencyError.inDoubt(error))"
  }

  /// The server falls silent.
  private static let silences = [
    Attack(testDescription: "no WELCOME", outcome: gaveUp(waitedFor: "WELCOME")) { _, peer in
      try await peer.require(.hello(agency: 1), nil)
    },
    Attack(testDescription: "no STORED", outcome: gaveUp(waitedFor: "STORED")) { _, peer in
      try await peer.welcome()
      try await peer.require(.batch(sampleBets(0..<1), offset: 0), nil)
    },
    Attack(
      testDescription: "no CONFIRMED", outcome: gaveUp(waitedFor: "CONFIRMED"),
      log: ["success | cantidad: 1"]
    ) { _, peer in
      try await peer.welcome()
      try await peer.require(.batch(sampleBets(0..<1), offset: 0))
      try await peer.send(.stored(1))
      try await peer.require(.finished(total: 1), .winnersQuery, nil)
    },
    Attack(
      testDescription: "no more winners, after a draw longer than the limit",
      outcome: gaveUp(waitedFor: "WINNERS")
    ) { _, peer in
      try await peer.welcome(sampleBets(0..<1))
      try await peer.require(.finished(total: 1), .winnersQuery)
      try await peer.send(.confirmed)
      try await Task.sleep(for: policy.limit * 1.5)
      try await peer.send(.winners(more: true, documents: ["1"]))
      try await peer.require(nil)
    },
    Attack(
      testDescription: "no STORED for a bet", work: .bet,
      outcome: .inDoubt(gaveUp(waitedFor: "STORED")), log: [inDoubt(gaveUp(waitedFor: "STORED"))]
    ) { _, peer in
      try await peer.take(sampleBet(0), at: 0)
      try await peer.require(nil)
    },
  ]

  /// The server refuses, or sends what is no message, or a signal comes meanwhile.
  private static let refusals =
    [
      ([0, 0, 0, 0], "frame length 0: must be 1 to 7996"),
      ([0, 0, 0x1F, 0x3D], "frame length 7997: must be 1 to 7996"),
      ([0, 0, 0, 1, 0x03], "unknown message type 0x03"),
      ([0, 0, 0, 2, 0x82, 0], "STORED: the body is too short"),
    ].map { (bytes: [UInt8], what: String) in
      Attack(testDescription: what, outcome: .unexpected(what)) { _, peer in
        try await peer.welcome()
        try await peer.require(.batch(sampleBets(0..<1), offset: 0))
        try await peer.send(bytes)
        try await peer.require(nil)
      }
    } + [
      Attack(
        testDescription: "REJECTED 1",
        outcome: .rejected(.ruleBroken, offset: 0, index: 0, reason: "why")
      ) { _, peer in
        try await peer.welcome()
        try await peer.require(.batch(sampleBets(0..<1), offset: 0))
        try await peer.send(.rejected(offset: 0, index: 0, code: .ruleBroken, reason: "why"))
        try await peer.require(nil)
      },
      Attack(
        testDescription: "REJECTED 4 for a bet", work: .bet,
        outcome: .rejected(.agencyFinished, offset: 0, index: 0, reason: "why")
      ) { _, peer in
        try await peer.take(sampleBet(0), at: 0)
        try await peer.send(.rejected(offset: 0, index: 0, code: .agencyFinished, reason: "why"))
        try await peer.require(nil)
      },
      Attack(
        testDescription: "ERROR 7 for a bet", work: .bet,
        outcome: .inDoubt(.refused(.superseded, reason: "why")),
        log: [inDoubt(.refused(.superseded, reason: "why"))]
      ) { _, peer in
        try await peer.take(sampleBet(0), at: 0)
        try await peer.send(.error(code: .superseded, reason: "why"))
        try await peer.require(nil)
      },
      Attack(
        testDescription: "SIGTERM while a bet is in doubt", work: .bet, outcome: .cancelled,
        log: [inDoubt(.cancelled)]
      ) { server, peer in
        try await peer.take(sampleBet(0), at: 0)
        server.agency.cancel()
        try await peer.require(nil)
      },
    ]

  /// The server does not receive, and the agency sends without end.
  private static let floods = [
    Attack(
      testDescription: "ERROR, and the end", work: .flood,
      outcome: .refused(.superseded, reason: "why")
    ) { _, peer in
      try await peer.welcome()
      try await peer.send(.error(code: .superseded, reason: "why"))
    },
    Attack(
      testDescription: "REJECTED among others, and the end", work: .flood,
      outcome: .rejected(.ruleBroken, offset: 5, index: 1, reason: "why")
    ) { _, peer in
      try await peer.welcome()
      try await peer.send(
        .stored(5), .rejected(offset: 5, index: 1, code: .ruleBroken, reason: "why"),
        .error(code: .malformed, reason: "not this one"))
    },
    Attack(testDescription: "the end", work: .flood, outcome: .disconnected("")) { _, peer in
      try await peer.welcome()
    },
    Attack(testDescription: "SIGTERM", work: .flood, outcome: .cancelled) { server, peer in
      try await peer.welcome()
      server.agency.cancel()
      _ = await server.agency.value
    },
    Attack(
      testDescription: "nothing is received", work: .flood,
      outcome: gaveUp(waitedFor: "the server to receive")
    ) { server, peer in
      try await peer.welcome()
      _ = await server.agency.value
    },
    Attack(
      testDescription: "ERROR, and nothing is received", work: .flood,
      outcome: .refused(.superseded, reason: "why")
    ) { server, peer in
      try await peer.welcome()
      try await peer.send(.error(code: .superseded, reason: "why"))
      _ = await server.agency.value
    },
    Attack(
      testDescription: "messages without end, and nothing is received", work: .flood,
      outcome: gaveUp(waitedFor: "the server to receive")
    ) { _, peer in
      try await peer.welcome()
      let confirmed = Array(repeating: ServerMessage.confirmed, count: 4096).frames
      while try await peer.send(confirmed) {}
    },
  ]

  /// The line does not come back.
  private static let echoes =
    [0, 5].map { length in
      Attack(
        testDescription: "\(length) bytes of the line", work: .echo(lines: 2),
        outcome: .disconnected("the server closed it, before the whole line had come back")
      ) { _, peer in
        let line = try await peer.receiveLine()
        try await peer.send(Array(line.utf8.prefix(length)))
      }
    } + [
      Attack(
        testDescription: "a line without an end", work: .echo(lines: 1),
        outcome: .disconnected("the line that came back does not end")
      ) { _, peer in
        _ = try await peer.receiveLine()
        try await peer.send([UInt8](repeating: 0x61, count: 8000))
        try await peer.require(nil)
      },
      Attack(
        testDescription: "no line", work: .echo(lines: 1),
        outcome: gaveUp(waitedFor: "the line to come back")
      ) { server, _ in _ = await server.agency.value },
      Attack(
        testDescription: "SIGTERM while the agency waits for its line", work: .echo(lines: 1),
        outcome: .cancelled
      ) { server, peer in
        _ = try await peer.receiveLine()
        server.agency.cancel()
        try await peer.require(nil)
      },
    ]

  @Test func `a server that says nothing but WELCOME is given up`() async throws {
    let agency = try TestAgency(
      .lottery, sampleBets(0..<1),
      retry: RetryPolicy(limit: .seconds(20), pause: .seconds(1), maxPause: .seconds(5)),
      clock: TestClock(advancingAt: 1))
    var connections = 0
    let outcome = try await agency.run { server in
      try await server.withEachConnection { peer in
        // The agency may end in the middle.
        try await peer.send(.welcome(version: 1, state: .open, stored: 0, lastBet: nil))
        _ = try? await peer.receiveWord()
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
    await #expect(throws: Self.gaveUp(waitedFor: "a connection to \(endpoint)")) {
      try await agency.run(at: endpoint, on: worker)
    }
  }
}
