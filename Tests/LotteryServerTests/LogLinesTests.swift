import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// The lines of the server's log that graders read.
@Suite(.timeLimit(.minutes(10))) struct LogLinesTests {
  /// What was logged while agency 1 talked to a server of its own.
  private static func log(during body: (Peer) async throws -> Void) async throws -> LogFile {
    let file = try LogFile()
    try await withServer(agencies: 1, log: file.log) { try await $0.withClient(1, body) }
    return file
  }

  @Test func `a lottery logs each batch, each single bet and the draw`() async throws {
    let log = try await Self.log {
      let bets = try sampleBets(0..<6)
      try await $0.greet()
      try await $0.expect(.stored(3), after: Frames.batch(Array(bets[..<3]), at: 0))
      try await $0.expect(.stored(4), after: Frames.bet(bets[3], at: 3))
      // What was stored before is not counted again.
      try await $0.expect(.stored(4), after: Frames.batch(Array(bets[..<3]), at: 0))
      try await $0.expect(.stored(4), after: Frames.bet(bets[3], at: 3))
      try await $0.expect(.stored(6), after: Frames.batch(Array(bets[2...]), at: 2))
      try await $0.expect(.confirmed, after: Frames.finished(6))
      _ = try await $0.askWinners()
      try await $0.send(Frames.batch(bets, badAt: 1, at: 6))
      _ = try await $0.receiveMessages()
    }
    #expect(
      try log.lines(of: "apuesta_recibida", "apuesta_almacenada", "sorteo", "reject_batch") == [
        "INFO     action: apuesta_recibida | result: success | cantidad: 3",
        "INFO     action: apuesta_almacenada | result: success | dni: 30000003 | numero: 1",
        "INFO     action: apuesta_recibida | result: success | cantidad: 2",
        "INFO     action: sorteo | result: success",
        "INFO     action: apuesta_recibida | result: fail | cantidad: 6",
        "INFO     action: reject_batch | result: success | agency: 1 | offset: 6 | index: 0"
          + " | code: 4 | error: the agency finished with 6 bets",
      ])
  }

  @Test func `of a group that fails, what was stored before is logged as repeated`() throws {
    let log = try LogFile(level: .debug)
    var session = try SessionState.open.session()
    let bets = try sampleBets(0..<6)
    for frame in [
      Frames.batch(Array(bets[..<3]), at: 0), Frames.batch(Array(bets[3..<5]), at: 3),
      Frames.bet(bets[2], at: 2), Frames.batch(Array(bets[3..<5]), at: 3),
      Frames.bet(bets[5], at: 5),
    ] { #expect(session.receive(frame: frame) == .gathered) }
    session.pending.log(stored: session.stored, to: log.log)
    #expect(
      try log.lines() == [
        "DEBUG    action: batch_repeated | result: success | offset: 0",
        "INFO     action: apuesta_recibida | result: fail | cantidad: 2",
        "DEBUG    action: batch_repeated | result: success | offset: 2",
        "INFO     action: apuesta_recibida | result: fail | cantidad: 0",
        "INFO     action: apuesta_almacenada | result: fail | dni: 30000005 | numero: 1",
      ])
  }

  private static let badBet: [UInt8] = {
    let good = (try? sampleBet(2, number: 5)).map { Frames.bet($0, at: 0) } ?? []
    return good.replacing("30000002".utf8, with: "x0000002".utf8)
  }()

  @Test(
    arguments: [
      (
        Frames.hello(1) + badBet,
        [
          "INFO     action: apuesta_almacenada | result: fail | dni: x0000002 | numero: 5",
          "INFO     action: reject_batch | result: success | agency: 1 | offset: 0 | index: 0"
            + " | code: 1 | error: document \"x0000002\": must be 1 to 20 digits",
        ]
      ),
      (
        Array("ho|la\u{1B}\t\r\n".utf8),
        [
          "INFO     action: receive_message | result: success | ip: 127.0.0.1"
            + " | msg: ho\\u{7C}la\\u{1B}\\t"
        ]
      ),
    ])
  func `a rejected single bet is logged, and an echo, its control characters escaped`(
    sent: [UInt8], lines: [String]
  ) async throws {
    let log = try await Self.log {
      try await $0.send(sent)
      _ = try await $0.receiveAll()
    }
    #expect(try log.lines(of: "apuesta_almacenada", "reject_batch", "receive_message") == lines)
  }

  @Test func `each wait, each connection and the end of everything have their lines`()
    async throws
  {
    let log = try LogFile()
    let directory = TemporaryDirectory()
    try await withServer(agencies: 2, in: directory, log: log.log) { server in
      // A health check that says nothing before the server ends. It gets no line.
      try await server.withClient { _ in
        try await server.withAgency(1) { _ in
          try await server.withAgency(2) { _ in await server.stop() }
        }
      }
    }
    let waits = "INFO     action: accept_connections | result: in_progress"
    let comes = "INFO     action: accept_connections | result: success | ip: 127.0.0.1"
    var lines = try log.lines(
      of: "accept_connections", "close_socket", "close_worker", "close_workers", "close_file",
      "close_directory")
    // The two connections end in any order.
    try #require(lines.count == 15)
    lines[6..<10].sort()
    #expect(
      lines == [
        waits, comes, waits, comes, waits,
        "INFO     action: close_socket | result: success | socket: listener",
        "INFO     action: close_socket | result: success | ip: 127.0.0.1",
        "INFO     action: close_socket | result: success | ip: 127.0.0.1",
        "INFO     action: close_worker | result: success | ip: 127.0.0.1",
        "INFO     action: close_worker | result: success | ip: 127.0.0.1",
        "INFO     action: close_workers | result: success | cantidad: 3",
        "INFO     action: close_worker | result: success | worker: draw",
        "INFO     action: close_file | result: success | file: bets.csv",
        "INFO     action: close_file | result: success | file: finished.csv",
        "INFO     action: close_directory | result: success | directory: \(directory.path)",
      ])
  }

  @Test func `what a crash left of a row is logged as it was`() async throws {
    let log = try LogFile()
    let directory = try TemporaryDirectory(bets: #"1,a\b|"#.utf8)
    try await withServer(agencies: 1, in: directory, log: log.log) { _ in }
    let line = "WARNING  action: cut_rest | result: success | file: \(directory.file("bets.csv"))"
    #expect(
      try log.lines(of: "cut_rest") == [
        line + #" | bytes: 6 | row: 1,a\\b\u{7C}"#
          + " | note: a crash left it after the last whole row; it was never acknowledged"
      ])
  }

  @Test(arguments: [(3, 3, false), (4, 3, true), (4, 4, false)])
  func `a limit below the number of agencies is warned of`(
    agencies: Int, limit: Int, isWarned: Bool
  ) async throws {
    let log = try LogFile()
    try await withServer(
      agencies: UInt32(agencies), log: log.log,
      changing: { ($0.maxConnections, $0.maxConnectionsPerAddress) = (limit, limit) }
    ) { _ in }
    let line = "WARNING  action: limit_connections | result: success | note: more agencies than the"
    let both = [
      "\(line) \(limit) connections: the draw may never be held",
      "\(line) \(limit) connections from one address: if they share one, the draw may never be held",
    ]
    #expect(try log.lines(of: "limit_connections") == (isWarned ? both : []))
  }
}
