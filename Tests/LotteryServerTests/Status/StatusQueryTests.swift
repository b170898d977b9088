import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// `--status` asks a server for the state of the lottery.
@Suite(.timeLimit(.minutes(10))) struct StatusQueryTests {
  @Test func `it lists agencies that are connected, have left, and have finished`() async throws {
    let file = try LogFile()
    try await withServer(agencies: 3, log: file.log) { server in
      try await server.withClient(3) { try await $0.finish(with: try sampleBets(0..<70, of: 3)) }
      try await server.withAgency(1) { client in
        // The server may not have noticed yet that agency 3 has gone; its end is logged.
        let gone = "INFO     action: close_socket | result: success | ip: 127.0.0.1"
        while try file.lines(of: "close_socket") != [gone] { await Task.yield() }
        var status = try await Self.ask(server.port)
        while status.connections > 1 { status = try await Self.ask(server.port) }
        #expect(
          status
            == LotteryStatus(
              isDrawn: false, agencies: 3, connections: 1, syncs: status.syncs,
              seen: [
                .init(number: 1, stored: 0, hasFinished: false, isConnected: true),
                .init(number: 3, stored: 70, hasFinished: true, isConnected: false),
              ]))
      }
    }
    // Only the two agencies are logged, each with the line of the wait before it.
    #expect(try file.lines(of: "accept_connections").count == 2 + 2 + 1)
  }

  @Test func `it reports whether the draw has been held`() async throws {
    try await withServer(agencies: 1) { server in
      #expect(try await Self.ask(server.port).isDrawn == false)
      try await server.withClient(1) {
        try await $0.finish(with: [])
        _ = try await $0.askWinners()
      }
      #expect(try await Self.ask(server.port).isDrawn)
    }
  }

  @Test func `more agencies than fit one frame arrive whole and in order`() async throws {
    let agencies: UInt32 = 1500
    let directory = TemporaryDirectory()
    let finished = (1...agencies).map { "\($0),0\r\n" }.joined()
    try directory.write(finished.utf8, to: "finished.csv")
    try await withServer(agencies: agencies, in: directory) { server in
      let status = try await Self.ask(server.port)
      #expect(status.seen.map(\.number) == Array(1...agencies))
      #expect(status.finished == 1500)
    }
  }

  @Test func `it can be asked repeatedly, but not on an agency's connection`() async throws {
    try await withServer(agencies: 1) { server in
      try await server.withClient(1) { client in
        let none = LotteryStatus(isDrawn: false, agencies: 1, connections: 0, seen: [])
        try await client.expect(.status(more: false, none), after: Frames.statusQuery)
        try await client.expect(.status(more: false, none), after: Frames.statusQuery)
        try await client.expect(
          .error(code: .notNow, reason: "this connection asks for the status alone"),
          after: Frames.hello(1))
      }
      try await server.withAgency(1) { client in
        try await client.expect(
          .error(code: .notNow, reason: "the status is not told on an agency's connection"),
          after: Frames.statusQuery)
      }
    }
  }

  @Test func `a client that asks for the status and breaks the protocol is logged`() async throws {
    let file = try LogFile()
    try await withClient(log: file.log) { client, _ in
      try await client.send(Frames.statusQuery, Frames.hello(1))
      _ = try await client.receive()
      _ = try await client.receive()
      try await client.expect(nil)
    }
    #expect(
      try file.lines(of: "accept_connections", "refuse_connection").dropFirst() == [
        "INFO     action: accept_connections | result: success | ip: 127.0.0.1",
        "INFO     action: accept_connections | result: in_progress",
        "INFO     action: refuse_connection | result: success | ip: 127.0.0.1 | code: 5"
          + " | reason: this connection asks for the status alone",
      ])
  }

  @Test func `it reports the sync times`() async throws {
    try await withServer(agencies: 1) { server in
      try await server.withAgency(1) { client in
        for (index, bet) in try sampleBets(0..<3).enumerated() {
          let stored = UInt64(index + 1)
          try await client.expect(.stored(stored), after: Frames.bet(bet, at: UInt64(index)))
        }
      }
      let syncs = try await Self.ask(server.port).syncs
      #expect(syncs.count == 3)
      #expect(syncs.longest <= syncs.total)
    }
  }

  /// What a server answers before it closes the connection, and what is made of it.
  @Test(
    arguments: [
      (
        [0x48, 0x54, 0x54, 0x50],
        "not a lottery server: frame length 1213486160: must be 1 to 7996", .protocolError
      ),
      ([0, 0, 0, 1, 0x84], "not a lottery server: STATUS should answer STATUS?", .protocolError),
      (
        frames([], []), "not a lottery server: the agencies are not in their order", .protocolError
      ),
      (
        frames([1, 3], [3, 4]), "not a lottery server: the agencies are not in their order",
        .protocolError
      ),
      (
        ServerMessage.error(code: .shuttingDown, reason: "the end").frame,
        "the server refused (ERROR 8): the end", .unavailable
      ),
      ([], "the server closed the connection", .unavailable),
      (nil, "no answer within 20ms", .unavailable),
    ] as [([UInt8]?, String, ProcessSupport.ExitStatus)])
  func `a port without a lottery server has its reason and exit status`(
    answer: [UInt8]?, reason: String, status: ProcessSupport.ExitStatus
  ) async throws {
    let timeout = Duration.milliseconds(answer == nil ? 20 : 3_600_000)
    let error = try await Self.failure(timeout: timeout) { listener in
      guard let answer else { return }
      let query = try Peer(try #require(try await listener.accept()))
      try await query.send(answer)
      // The query, which the other end need not be reset by.
      _ = try await query.receive(Frames.statusQuery.count)
      query.close()
    }
    #expect(error.description.hasSuffix(reason))
    #expect(error.exitStatus == status)
  }

  @Test func `an endless answer ends with the time limit`() async throws {
    let error = try await Self.failure(timeout: .milliseconds(50)) { listener in
      let query = try Peer(try #require(try await listener.accept()))
      var first: UInt32 = 1
      // It ends when the query has closed its connection.
      while try await query.send(Self.frame(first..<first + 500)) { first += 500 }
      query.close()
    }
    #expect(error.description.hasSuffix("no answer within 50ms"))
  }

  /// Frames of STATUS with these agencies, more of them announced on each.
  private static func frames(_ agencies: [UInt32]...) -> [UInt8] {
    agencies.flatMap { frame($0) }
  }

  private static func frame(_ agencies: some Sequence<UInt32>) -> [UInt8] {
    let seen = agencies.map {
      LotteryStatus.Agency(number: $0, stored: 0, hasFinished: false, isConnected: false)
    }
    var bytes: [UInt8] = []
    ServerMessage.status(
      more: true, LotteryStatus(isDrawn: false, agencies: 9, connections: 0, seen: seen)
    ).append(to: &bytes)
    return bytes
  }

  /// How the query ends on a port on which `serve` answers.
  private static func result(
    timeout: Duration = .seconds(30), _ serve: (Listener) async throws -> Void
  ) async throws -> Result<LotteryStatus, StatusError> {
    let listener = try Listener(port: 0, backlog: 16)
    defer { listener.close() }
    let worker = Worker(label: "query")
    let query = StatusQuery(port: listener.port, worker: worker, timeout: timeout)
    let answer = Task(executorPreference: worker) { await result(of: query) }
    try await serve(listener)
    return await answer.value
  }

  /// How the query fails on such a port.
  private static func failure(
    timeout: Duration = .seconds(30), _ serve: (Listener) async throws -> Void
  ) async throws -> StatusError {
    guard case .failure(let error) = try await result(timeout: timeout, serve) else {
      throw Peer.Unexpected()
    }
    return error
  }

  private static func ask(_ port: UInt16) async throws -> LotteryStatus {
    let worker = Worker(label: "query")
    let query = StatusQuery(port: port, worker: worker, timeout: .seconds(30))
    let task = Task(executorPreference: worker) { await result(of: query) }
    return try await task.value.get()
  }

  private static func result(
    of query: StatusQuery
  ) async -> Result<LotteryStatus, StatusError> {
    do throws(StatusError) {
      return .success(try await query.ask())
    } catch {
      return .failure(error)
    }
  }
}
