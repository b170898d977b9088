import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// Rules of the contract that one small file, or one message, puts to the real programs.
@Suite(.timeLimit(.minutes(1))) struct ContractTests {
  @Test(arguments: [("1900-02-29", 65), ("2000-02-29", 0)] as [(String, Int32)])
  func `every hundredth year is no leap year, every four hundredth is`(
    date: String, status: Int32
  ) async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(["Ana,Paz,1,\(date),7\r\n"], of: 1)
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(1)).end() == .exit(status))
    await server.stop()
  }

  @Test func `a byte order mark and other line ends do not reach the server's file`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(["\u{FEFF}Ana,Paz,1,1990-01-15,7\n", "Eva,Paz,2,1990-01-15,8"], of: 1)
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    let rows = "1,Ana,Paz,1,1990-01-15,7\r\n1,Eva,Paz,2,1990-01-15,8\r\n"
    #expect(try lottery.directory.read("server/bets.csv") == Array(rows.utf8))
    await server.stop()
  }

  @Test func `a last bet that only looks the same is another file: 82`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(["Jos\u{E9},Paz,1,1990-01-15,7\r\n"], of: 1)
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    try lottery.write(["Jose\u{301},Paz,1,1990-01-15,7\r\n"], of: 1)
    #expect(await (try lottery.startAgency(1)).end() == .exit(82))
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
      let agency = try lottery.startAgency(1, ["CLI_KEY_FILE": file])
      #expect(await agency.end() == .exit(status))
    }
    await server.stop()
  }

  @Test func `of a batch with a bad bet nothing is stored, and all before it`() async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    let bets = try (0..<4).map { try bet($0) }
    let rejected = try await Self.messages(
      after: Frames.batch(Array(bets[..<2]), at: 0), Frames.batch(bets, badAt: 3, at: 2),
      to: lottery)
    #expect(rejected.map(Self.code) == [nil, nil, .ruleBroken])
    #expect(try lottery.storedRows(of: 1).count == 2)
    await server.stop()
    let next = try await lottery.startServer()
    let welcome = try await Self.messages(to: lottery)
    #expect(welcome.first?.stored == 2)
    await next.stop()
  }

  @Test func `of a batch after a gap nothing is stored`() async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    let rejected = try await Self.messages(after: Frames.batch([try bet(1)], at: 1), to: lottery)
    #expect(rejected.map(Self.code) == [nil, .outOfSequence])
    #expect(try lottery.storedRows(of: 1) == [])
    await server.stop()
  }

  @Test func `agencies of an earlier, larger lottery do not count for others`() async throws {
    let lottery = try Lottery(agencies: 2)
    try FileManager.default.createDirectory(
      atPath: lottery.directory.file("server"), withIntermediateDirectories: false)
    try lottery.directory.write("2,0\r\n3,0\r\n".utf8, to: "server/finished.csv")
    let server = try await lottery.startServer()
    try lottery.write([], of: 1)
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
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
      try #require(await server.isStopped())
      server.send(SIGCONT)
    }
    try lottery.write([], of: 1)
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    await server.stop()
  }

  private func bet(_ number: Int) throws -> Bet {
    try Bet(
      firstName: "Ana", lastName: "Paz", document: "1\(number)", birthdate: "1990-01-15",
      number: "\(number)")
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
