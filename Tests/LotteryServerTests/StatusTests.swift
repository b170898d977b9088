import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// `--status` asks a server for the state of the lottery.
@Suite(.timeLimit(.minutes(10))) struct StatusTests {
  @Test func `more agencies than fit one frame arrive whole and in order`() async throws {
    let agencies: UInt32 = 1500
    let directory = try TemporaryDirectory(
      bets: [], finished: (1...agencies).map { "\($0),0\r\n" }.joined())
    try await withServer(agencies: agencies, in: directory) { server in
      var status = try await Self.query(server.port)
      // All have finished, so the draw is held at the start.
      for _ in 0..<1000 where !status.isDrawn { status = try await Self.query(server.port) }
      #expect(status.isDrawn)
      #expect(status.seen.map(\.number) == Array(1...agencies))
      #expect(status.finished == 1500)
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
      (frame([]) + frame([]), outOfOrder, .protocolError),
      (frame([1, 3]) + frame([3, 4]), outOfOrder, .protocolError),
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
    let listener = try Listener(port: 0, backlog: 16)
    defer { listener.close() }
    let port = listener.port
    let asking = Task {
      try await Self.query(port, timeout: .milliseconds(answer == nil ? 20 : 3_600_000))
    }
    if let answer {
      let query = try Peer(try #require(try await listener.accept()))
      try await query.send(answer)
      // The query, which the other end need not be reset by.
      _ = try await query.receive(Frames.statusQuery.count)
      query.close()
    }
    let error = await #expect(throws: ServerError.self) { try await asking.value }
    #expect(error?.description.hasSuffix(reason) == true)
    #expect(error?.exitStatus == status)
  }

  private static let outOfOrder = "not a lottery server: the agencies are not in their order"

  /// A frame of STATUS with these agencies, and more announced.
  private static func frame(_ agencies: [UInt32]) -> [UInt8] {
    let seen = agencies.map {
      LotteryStatus.Agency(number: $0, stored: 0, hasFinished: false, isConnected: false)
    }
    let status = LotteryStatus(isDrawn: false, agencies: 9, connections: 0, seen: seen)
    return ServerMessage.status(more: true, status).frame
  }

  private static func query(
    _ port: UInt16, timeout: Duration = .seconds(30)
  ) async throws -> LotteryStatus {
    let worker = Worker(label: "query")
    let query = StatusQuery(port: port, worker: worker, timeout: timeout)
    return try await Task(executorPreference: worker) { try await query.ask() }.value
  }

  /// Agencies that have not connected are listed between those that have. Those that should not
  /// exist, 0 and ones of a larger lottery, are shown and do not count as finished.
  @Test func `the table has the agencies, and a last line about all of them`() {
    let status = LotteryStatus(
      isDrawn: true, agencies: 4_000_000_000, connections: 1,
      syncs: SyncTimes(count: 4, total: .microseconds(6000), longest: .milliseconds(3)),
      seen: [
        .init(number: 0, stored: 1, hasFinished: false, isConnected: false),
        .init(number: 2, stored: 27000, hasFinished: true, isConnected: false),
        .init(number: 3, stored: 1, hasFinished: false, isConnected: true),
        .init(number: 9, stored: 0, hasFinished: false, isConnected: false),
        .init(number: .max, stored: 2, hasFinished: true, isConnected: false),
      ])
    let table = """
          agency          bets  finished  connected
               0             1        no         no
               1             0        no         no
               2         27000       yes         no
               3             1        no        yes
             4-8             0        no         no
               9             0        no         no
      10-4000000000             0        no         no
      4294967295             2       yes         no
      syncs: 4, mean: 1.5ms, longest: 3ms
      bets: 27004, finished: 1 of 4000000000, connections: 1, draw: held
      """
    #expect(status.table == table)
  }
}
