import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// Rules of the contract that one small file, or one message, puts to the real programs.
@Suite(.timeLimit(.minutes(10))) struct ContractTests {
  /// One file after the other that agency 1 has, the exit status of each run, and the rows that the
  /// server has stored in the end.
  @Test(
    arguments: [
      ("a leap year", [("Ana,Paz,1,2000-02-29,7\r\n", 0)], "1,Ana,Paz,1,2000-02-29,7\r\n"),
      ("every hundredth year is none", [("Ana,Paz,1,1900-02-29,7\r\n", 65)], ""),
      (
        "a byte order mark and other line ends do not reach the server's file",
        [("\u{FEFF}Ana,Paz,1,1990-01-15,7\nEva,Paz,2,1990-01-15,8", 0)],
        "1,Ana,Paz,1,1990-01-15,7\r\n1,Eva,Paz,2,1990-01-15,8\r\n"
      ),
      (
        "fields with commas, quotes and line breaks arrive as they are",
        [("\"a,\"\"b\"\"\",\"c\nd\",001,2000-02-29,7574\r\n", 0)],
        "1,\"a,\"\"b\"\"\",\"c\nd\",001,2000-02-29,7574\r\n"
      ),
      (
        "a last bet that only looks the same is another file",
        [("Jos\u{E9},Paz,1,1990-01-15,7\r\n", 0), ("Jose\u{301},Paz,1,1990-01-15,7\r\n", 82)],
        "1,Jos\u{E9},Paz,1,1990-01-15,7\r\n"
      ),
      (
        "bets before those that are stored are another file",
        [("A,B,1,1990-01-15,7\r\n", 0), ("C,D,1,1990-01-15,7\r\nA,B,1,1990-01-15,7\r\n", 82)],
        "1,A,B,1,1990-01-15,7\r\n"
      ),
      (
        "a bad row stops the agency, and a new start goes on from it",
        [
          ("A,B,1,1990-01-15,7\r\nC,D,1x,1990-01-15,7\r\n", 65),
          ("A,B,1,1990-01-15,7\r\nC,D,10,1990-01-15,7\r\n", 0),
        ], "1,A,B,1,1990-01-15,7\r\n1,C,D,10,1990-01-15,7\r\n"
      ),
    ] as [(String, [(String, Int32)], String)])
  func `a file has its exit status, and its bets arrive`(
    name: String, runs: [(file: String, status: Int32)], stored: String
  ) async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    for (file, status) in runs {
      try lottery.write([file], of: 1)
      let problem = "agency-1.csv:2: document \"1x\": must be 1 to 20 digits"
      await (try lottery.startAgency(1)).expectEnd(status, file.contains("1x") ? problem : "")
    }
    #expect(try lottery.directory.read("server/bets.csv") == Array(stored.utf8), "\(name)")
    await server.stop()
  }

  @Test func `a key that only begins like the right one ends the agency with 77`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write([], of: 1)
    let server = try await lottery.startServer([
      "SERVER_AGENCY_KEYS": try lottery.directory.path(of: "keys", holding: "1:secreto\n")
    ])
    for (key, status) in [("secret", 77), ("secreto", 0)] as [(String, Int32)] {
      let file = try lottery.directory.path(of: "key", holding: key)
      await (try lottery.startAgency(1, ["CLI_KEY_FILE": file])).expectEnd(status)
    }
    await server.stop()
  }

  @Test(
    arguments: [
      ("with a bad bet", Frames.batch(try sampleBets(0..<4), badAt: 3, at: 2), .ruleBroken),
      ("after a gap", Frames.bet(try sampleBet(), at: 3), .outOfSequence),
    ] as [(String, [UInt8], RejectionCode)])
  func `of a batch that is rejected nothing is stored, and all before it`(
    name: String, frame: [UInt8], code: RejectionCode
  ) async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    // What comes after it is not judged.
    let rejected = try await Self.messages(
      after: Frames.batch(try sampleBets(0..<2), at: 0), frame, Frames.finished(2), to: lottery)
    #expect(rejected.map(Self.code) == [nil, nil, code], "\(name)")
    #expect(try lottery.storedRows(of: 1).count == 2)
    await server.stop()
    let next = try await lottery.startServer()
    let welcome = try await Self.messages(to: lottery)
    #expect(
      welcome == [.welcome(version: 1, state: .open, stored: 2, lastBet: try sampleBet(1))])
    await next.stop()
  }

  /// A limit of the kernel on the size of files stands for the disk.
  @Test(.disabled(if: isSanitized, "the thread sanitizer does not run under such a limit"))
  func `what the disk has no room for gets REJECTED 2, and what it has is stored`() async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer(after: "ulimit -f 2")
    for (bets, code) in [(0..<10, nil), (10..<60, .notStored), (10..<11, nil)]
      as [(Range<Int>, RejectionCode?)]
    {
      let frame = Frames.batch(try sampleBets(bets), at: UInt64(bets.lowerBound))
      #expect(try await Self.messages(after: frame, to: lottery).map(Self.code) == [nil, code])
    }
    #expect(try lottery.storedRows(of: 1).count == 11)
    await server.stop()
  }

  @Test func `agencies of an earlier, larger lottery do not count for others`() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.leave(finished: "2,0\r\n3,0\r\n")
    let server = try await lottery.startServer()
    try lottery.write([], of: 1)
    await (try lottery.startAgency(1)).expectEnd(0)
    await server.stop()
    // The draw waited for agency 1.
    let draw = try #require(server.lines.firstIndex { $0.contains("sorteo") })
    let connection = server.lines.firstIndex { $0.contains("accept_connections | result: success") }
    #expect(try #require(connection) < draw)
  }

  @Test func `a server that was stopped and continued goes on`() async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    for _ in 0..<3 {
      server.send(SIGSTOP)
      var information = siginfo_t()
      waitid(P_PID, id_t(server.pid), &information, WSTOPPED)
      server.send(SIGCONT)
    }
    try lottery.write([], of: 1)
    await (try lottery.startAgency(1)).expectEnd(0)
    await server.stop()
  }

  /// What the server says to an agency that sends `frames` after HELLO.
  private static func messages(
    after frames: [UInt8]..., to lottery: Lottery
  ) async throws -> [ServerMessage] {
    let agency = try Peer(port: lottery.port)
    defer { agency.close() }
    try await agency.send(Frames.hello(1) + frames.joined())
    agency.finishSending()
    return try await agency.receiveMessages()
  }

  private static func code(_ message: ServerMessage) -> RejectionCode? {
    if case .rejected(_, _, let code, _) = message { code } else { nil }
  }
}
