import Foundation
import TestSupport
import Testing

@Suite("What an operator asks a server", .timeLimit(.minutes(1)))
struct OperatorTests {
  @Test("SIGUSR1 makes the server log how the lottery stands")
  func status() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(10, of: 1), of: 1)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(1)
    await server.line(with: "cantidad: 10")
    server.send(SIGUSR1)
    let status = try #require(await server.line(with: "action: status | result: success"))
    #expect(status.contains("agencies: 2 | "))
    #expect(status.contains(" | bets: 10 | drawn: no | "))
    let line = "action: status_agency | result: success | agency: 1 | stored: 10 | "
    #expect(await server.line(with: line) != nil)
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
    agency.send(SIGTERM)
    #expect(await agency.end() == .exit(0))
  }

  @Test("--status prints a table of the agencies, and leaves no line in the log")
  func table() async throws {
    let lottery = try Lottery(agencies: 3)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(
      2,
      [
        "CLI_MODE": "bet", "NOMBRE": "Ana", "APELLIDO": "Ñu", "DOCUMENTO": "7",
        "NACIMIENTO": "1999-03-17", "NUMERO": "7574",
      ])
    #expect(await agency.end() == .exit(0))
    await server.line(with: "close_socket | result: success | ip")
    let status = try lottery.askStatus()
    #expect(await status.end() == .exit(0))
    #expect(
      status.lines.dropLast() == [
        "    agency          bets  finished  connected",
        "         1             0        no         no",
        "         2             1        no         no",
        "         3             0        no         no",
      ])
    #expect(status.lines.last?.hasPrefix("bets: 1, finished: 0 of 3, connections: ") == true)
    #expect(status.lines.last?.hasSuffix(", draw: not held") == true)
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
    #expect(server.lines.count { $0.contains("accept_connections | result: success") } == 1)
  }

  @Test("--status says in one line that no server runs, and ends with 69")
  func noServer() async throws {
    let lottery = try Lottery(agencies: 3)
    let status = try lottery.askStatus()
    #expect(await status.end() == .exit(69))
    let reason = "connect: Connection refused"
    #expect(status.lines == ["lottery-server: no server on port \(lottery.port): \(reason)"])
  }

  @Test("a file with the keys of 5,000 agencies is taken")
  func manyKeys() async throws {
    let lottery = try Lottery(agencies: 5000)
    let key = String(repeating: "k", count: 64)
    try lottery.directory.write(
      (1...5000).map { "\($0):\(key)\n" }.joined().utf8, to: "keys")
    let server = try await lottery.startServer([
      "SERVER_AGENCY_KEYS": lottery.directory.file("keys")
    ])
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
  }

  @Test("SIGUSR1 while the server still reads its files does not end it")
  func earlyStatus() async throws {
    let lottery = try Lottery(agencies: 1)
    let rows = [String].rows(200_000, of: 1).map { "1," + $0 }.joined()
    try FileManager.default.createDirectory(
      atPath: lottery.directory.file("server"), withIntermediateDirectories: true)
    try lottery.directory.write(rows.utf8, to: "server/bets.csv")
    let server = try ProgramProcess(
      "lottery-server",
      environment: [
        "SERVER_PORT": "\(lottery.port)", "SERVER_AGENCIES": "1",
        "SERVER_DATA_DIR": lottery.directory.file("server"),
      ])
    // What it says before it begins to read.
    #expect(await server.line(with: "action: agency_keys") != nil)
    server.send(SIGUSR1)
    #expect(await server.line(with: "accept_connections | result: in_progress") != nil)
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
  }
}
