import Glibc
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient
@testable import LotteryProtocol

/// A server that does nothing is given up.
@Suite(.timeLimit(.minutes(10))) struct SilentServerTests {
  @Test(arguments: Silence.allCases)
  func `the agency ends after the limit, and names what it waited for`(_ silence: Silence)
    async throws
  {
    let agency = try LotteryAgency(sampleBets(0..<1), retry: Self.policy)
    let outcome = try await agency.serve { peer in
      if silence == .welcome {
        try await peer.require(.hello(agency: 1))
      } else {
        try await peer.welcome()
        try await peer.require(agency.batch(of: 0))
      }
      if silence == .confirmed {
        try await peer.send(.stored(1))
        try await peer.require(.finished(total: 1), .winnersQuery)
      }
      try await peer.require(nil)
    }
    #expect(outcome == Self.gaveUp(waitedFor: silence.rawValue))
    #expect(outcome?.exitStatus == .unavailable)
    #expect(try agency.lines.results(of: "close_socket").count == 1)
  }

  @Test func `winners that stop coming are given up, a long draw is not`() async throws {
    let agency = try LotteryAgency(sampleBets(0..<1), retry: Self.policy)
    let outcome = try await agency.serve { peer in
      try await peer.welcome(agency.bets)
      try await peer.require(.finished(total: 1), .winnersQuery)
      try await peer.send(.confirmed)
      // The draw: longer than the limit.
      try await Task.sleep(for: Self.policy.limit * 1.5)
      try await peer.send(.winners(more: true, documents: ["1"]))
      try await peer.require(nil)
    }
    #expect(outcome == Self.gaveUp(waitedFor: "WINNERS"))
  }

  @Test func `the wait for the draw leaves the limit as it is`() async throws {
    let clock = TestClock(advancingAt: 1)
    let limit = Duration.seconds(20)
    let agency = try LotteryAgency(
      sampleBets(0..<1), retry: RetryPolicy(limit: limit, pause: .seconds(1)), clock: clock)
    let outcome = try await agency.run { server in
      for isLast in [false, true] {
        try await server.withConnection { peer in
          try await peer.welcome(agency.bets)
          try await peer.require(.finished(total: 1), .winnersQuery)
          try await peer.send(.confirmed)
          if isLast { return try await peer.send(.winners(more: false, documents: [])) }
          for _ in 0..<100 {
            clock.advance(by: limit / 50)
            try await Task.sleep(for: .milliseconds(1))
          }
        }
      }
    }
    #expect(outcome == nil)
  }

  @Test func `a server that receives nothing is given up`() async throws {
    let event = "the server to receive"
    let outcome = try await outcome(Self.sendFlood)
    #expect(outcome == Self.gaveUp(waitedFor: event))
  }

  @Test func `an ERROR before the server stopped receiving is reported first`() async throws {
    let error = ServerMessage.error(code: .superseded, reason: "why")
    let outcome = try await outcome(after: error, Self.sendFlood)
    #expect(outcome == .refused(.superseded, reason: "why"))
  }

  @Test func `a server that receives nothing and sends without end is given up`() async throws {
    let confirmed = Array(repeating: ServerMessage.confirmed, count: 4096).frames
    let outcome = try await AgencyClientTests.outcome(
      of: { endpoint, worker in
        var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        configuration.retry = RetryPolicy(limit: .milliseconds(300))
        try await Self.sendFlood(by: Agency(configuration, worker: worker, log: .discarding))
      },
      script: { server in
        try await server.withConnection { peer in while try await peer.send(confirmed) {} }
      })
    guard case .gaveUp? = outcome else {
      Issue.record("\(outcome as Any)")
      return
    }
  }

  @Test func `a server that says nothing but WELCOME is given up`() async throws {
    let agency = try LotteryAgency(
      sampleBets(0..<1),
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
    let server = try FullListener()
    defer { server.close() }
    let agency = try LotteryAgency(sampleBets(0..<1), retry: Self.policy)
    let event = "a connection to \(server.endpoint)"
    #expect(await agency.run(at: server.endpoint) == Self.gaveUp(waitedFor: event))
  }

  @Test func `a line that does not come back is given up`() async throws {
    let event = "the line to come back"
    let outcome = try await outcome { agency throws(AgencyError) in
      try await EchoMode(agency: agency).run()
    }
    #expect(outcome == Self.gaveUp(waitedFor: event))
  }

  /// The answer that does not come.
  enum Silence: String, CaseIterable {
    case welcome = "WELCOME"
    case stored = "STORED"
    case confirmed = "CONFIRMED"
  }

  /// Long enough for what comes before the silence, on a busy machine too.
  private static let policy = RetryPolicy(limit: .seconds(3), pause: .milliseconds(1))

  /// More than the kernel takes from a sender without a reader.
  private static let flood = [UInt8](repeating: 0, count: 64 * 1024 * 1024)

  private static func gaveUp(waitedFor event: String) -> AgencyError {
    .gaveUp(after: "3s", .noAnswer(waitedFor: event))
  }

  @Sendable private static func sendFlood(by agency: Agency) async throws(AgencyError) {
    try await agency.withConnection(agency.connect()) { server throws(AgencyError) in
      try await server.send(flood) { message throws(AgencyError) in try message.checkCodes() }
    }
  }

  /// How `work` ends with a server that accepts its connection, sends `message` and does nothing
  /// else, for as long as the limit allows.
  private func outcome(
    after message: ServerMessage? = nil,
    _ work: @escaping @Sendable (Agency) async throws(AgencyError) -> Void
  ) async throws -> AgencyError? {
    try await AgencyClientTests.outcome(
      of: { endpoint, worker in
        var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        configuration.retry = Self.policy
        try await work(Agency(configuration, worker: worker, log: .discarding))
      },
      script: { server in
        try await server.withConnection { peer in
          if let message { try await peer.send(message) }
          _ = await server.agency.value
        }
      })
  }
}

/// A port whose queue of connections is full, so that the kernel answers no more.
private struct FullListener {
  let endpoint: Endpoint
  private let descriptors: [Int32]

  init() throws {
    let type = Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue)
    // The queue has room for one connection (listen(2)). More that are begun hang.
    let descriptors = (0..<4).map { _ in socket(AF_INET, type, 0) }
    _ = withLoopback(0) { bind(descriptors[0], $0, $1) }
    listen(descriptors[0], 0)
    let port = try Socket(accepted: descriptors[0]).port()
    for descriptor in descriptors.dropFirst() {
      _ = withLoopback(port) { connect(descriptor, $0, $1) }
    }
    self.descriptors = descriptors
    endpoint = try #require(Endpoint("127.0.0.1:\(port)"))
  }

  func close() {
    for descriptor in descriptors { _ = Glibc.close(descriptor) }
  }
}
