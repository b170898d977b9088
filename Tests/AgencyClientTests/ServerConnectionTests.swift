import LotteryProtocol
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(10))) struct ServerConnectionTests {
  /// More than the kernel takes from a sender without a reader: sending it ends only with the
  /// connection.
  private static let flood = [UInt8](repeating: 0, count: 64 * 1024 * 1024)

  @Test(
    arguments: [
      ([.error(code: .superseded, reason: "why")], .refused(.superseded, reason: "why")),
      (
        [
          .stored(5), .rejected(offset: 5, index: 1, code: .ruleBroken, reason: "why"),
          .error(code: .malformed, reason: "not this one"),
        ],
        .rejected(.ruleBroken, offset: 5, index: 1, reason: "why")
      ),
    ] as [([ServerMessage], AgencyError)])
  func
    `an agency that is sending reads ERROR or REJECTED before the connection breaks`(
      messages: [ServerMessage], error: AgencyError
    ) async throws
  {
    let bytes = messages.frames
    #expect(try await Self.outcomeOfFlood { try await $0.send(bytes) } == error)
  }

  @Test func `a server that closes without an ERROR has disconnected`() async throws {
    let outcome = try await Self.outcomeOfFlood { _ in }
    guard case .disconnected? = outcome else {
      Issue.record("\(outcome as Any)")
      return
    }
  }

  @Test func `SIGTERM ends an agency that is sending`() async throws {
    let outcome = try await AgencyClientTests.outcome(of: Self.sendFlood) { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        server.agency.cancel()
        _ = await server.agency.value
      }
    }
    #expect(outcome == .cancelled)
  }

  @Test func `the largest numbers do not crash it`() async throws {
    let error = AgencyError.rejected(.ruleBroken, offset: .max, index: .max, reason: "why")
    #expect(error.description.hasSuffix("(REJECTED 1): why"))
    let (bet, other) = (try sampleBet(0), try sampleBet(1))
    let outcome = try await AgencyClientTests.outcome(
      of: { endpoint, worker in
        let configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        let agency = Agency(configuration, worker: worker, log: .discarding)
        try await BetMode(agency: agency, bet: bet).run()
      },
      script: { server in
        try await server.withConnection { peer in
          try await peer.require(.hello(agency: 1))
          try await peer.send(.welcome(version: 1, state: .open, stored: .max, lastBet: other))
          try await peer.require(.bet(bet, offset: .max))
          try await peer.send(.stored(.max))
          try await peer.require(nil)
        }
      })
    #expect(outcome == .inDoubt(.unexpected("STORED 0 should answer BET")))
  }

  /// How an agency ends that sends without end, to a server that does `work` and closes.
  private static func outcomeOfFlood(
    _ work: (Peer) async throws -> Void
  ) async throws -> AgencyError? {
    try await outcome(of: sendFlood) { server in
      try await server.withConnection { peer in
        try await peer.welcome()
        try await work(peer)
      }
    }
  }

  @Sendable private static func sendFlood(to endpoint: Endpoint, on worker: Worker) async throws {
    let configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
    let agency = Agency(configuration, worker: worker, log: .discarding)
    var conversation = LotteryConversation(agency: 1, key: "", window: 1)
    try await agency.withConnection(agency.connect()) { server throws(AgencyError) in
      try await server.send(conversation.hello()) { _ in }
      _ = try conversation.receive(try await server.receive("WELCOME"))
      try await server.send(flood) { message throws(AgencyError) in
        _ = try conversation.receive(message)
      }
    }
  }
}
