import Foundation
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct BadInputTests {
  @Test func `a bad row ends the agency with 65, and a new start goes on from it`() async throws {
    let lottery = try Lottery(agencies: 1)
    var rows = [String].rows(400, of: 1)
    let good = rows[200]
    rows[200] = "Ana,Pérez,1x,1990-01-15,7\r\n"
    try lottery.write(rows, of: 1)
    let server = try await lottery.startServer()
    let first = try lottery.startAgency(1)
    #expect(await first.end() == .exit(65))
    let file = lottery.directory.file("agency-1.csv")
    #expect(
      first.lines.last?.contains("\(file):201: document \"1x\": must be 1 to 20 digits") == true)
    #expect(try lottery.storedRows(of: 1).count == 200)
    rows[200] = good
    try lottery.write(rows, of: 1)
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    #expect(try lottery.storedRows(of: 1) == rows)
    await server.stop()
  }

  @Test func `an agency with another file sends nothing and ends with 82`() async throws {
    let lottery = try Lottery(agencies: 1)
    try lottery.write(.rows(10, of: 1), of: 1)
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(1)).end() == .exit(0))
    try lottery.write(.rows(10, of: 2) + .rows(10, of: 1), of: 1)
    #expect(await (try lottery.startAgency(1)).end() == .exit(82))
    #expect(try lottery.storedRows(of: 1) == .rows(10, of: 1))
    await server.stop()
  }

  @Test func `an agency that the lottery does not have ends with 81`() async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(2)).end() == .exit(81))
    await server.stop()
  }

  @Test func `an agency without a file ends with 66, without a server with 69`() async throws {
    let lottery = try Lottery(agencies: 1)
    #expect(await (try lottery.startAgency(1, ["CLI_RETRY_LIMIT": "20ms"])).end() == .exit(69))
    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(1)).end() == .exit(66))
    await server.stop()
  }

  @Test func `a pipe without a writer is no agency's file: 66, and no wait`() async throws {
    let lottery = try Lottery(agencies: 1)
    try #require(mkfifo(lottery.directory.file("agency-1.csv"), 0o600) == 0)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(1)
    #expect(await agency.end() == .exit(66))
    #expect(agency.lines.last?.hasSuffix("agency-1.csv: not a regular file") == true)
    await server.stop()
  }

  @Test(
    arguments: [
      ("lottery-server", "SERVER_AGENCY_KEYS", 78, "environment: SERVER_AGENCY_KEYS = "),
      ("agency-client", "CLI_DATA_FILE", 78, "environment: CLI_DATA_FILE = "),
      ("agency-client", "NOMBRE", 65, "first name "),
    ] as [(String, String, Int32, String)])
  func `what is not UTF-8 in the environment is refused, not repaired`(
    program: String, variable: String, status: Int32, problem: String
  ) async throws {
    let path = ProgramProcess.path(of: program)
    let script = "export \(variable)=\"$(printf 'Mu\\361oz')\"; exec '\(path)'"
    let process = try ProgramProcess(
      "sh", path: "sh", ["-c", script],
      environment: [
        "CLI_ID": "1", "CLI_SERVER_ADDRESS": "127.0.0.1:1", "CLI_MODE": "bet",
        "NACIMIENTO": "1999-03-17", "DOCUMENTO": "1", "NUMERO": "1", "CLI_RETRY_LIMIT": "1ms",
      ])
    #expect(await process.end() == .exit(status))
    let line = process.lines.last ?? ""
    #expect(line.hasSuffix("\(problem)\"Mu\u{FFFD}oz\": must be valid UTF-8"), "\(line)")
  }

  @Test func `a second server in the same directory ends with 75`() async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    let second = try await lottery.startServer(["SERVER_PORT": "0"])
    #expect(await second.end() == .exit(75))
    await server.stop()
  }

  @Test func `a port in use ends the server with 71`() async throws {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    let other = lottery.directory.file("other")
    let second = try await lottery.startServer(["SERVER_DATA_DIR": other])
    #expect(await second.end() == .exit(71))
    await server.stop()
  }

  @Test func `a damaged bets.csv ends the server with 65, and is not touched`() async throws {
    let lottery = try Lottery(agencies: 1)
    let damaged = Array("1,Ana,P,1,1990-01-15,7\r\n1,broken\r\n1,Ana,P,1,1990-01-15,7\r\n".utf8)
    try FileManager.default.createDirectory(
      atPath: lottery.directory.file("server"), withIntermediateDirectories: false)
    try lottery.directory.write(damaged, to: "server/bets.csv")
    let server = try await lottery.startServer()
    #expect(await server.end() == .exit(65))
    #expect(server.lines.last?.contains("bets.csv:2: ") == true)
    #expect(try lottery.directory.read("server/bets.csv") == damaged)
  }

  @Test(
    arguments: [
      ("lottery-server", ["--bogus"], [:], 64), ("agency-client", ["--bogus"], [:], 64),
      ("lottery-server", [], ["SERVER_PORT": "many"], 78),
      ("agency-client", [], ["CLI_SERVER_ADDRESS": "a:1"], 78),
      ("agency-client", ["--config", "/"], [:], 78),
      ("lottery-server", ["--config", "/nowhere.ini"], [:], 66),
      ("lottery-server", ["--config", "/nowhere.ini", "--status"], [:], 66),
      ("agency-client", ["--config", "/nowhere.yaml"], [:], 66),
      ("lottery-server", [], ["SERVER_AGENCY_KEYS": ""], 78),
      ("lottery-server", ["--help"], [:], 0), ("agency-client", ["--version"], [:], 0),
    ] as [(String, [String], [String: String], Int32)])
  func `bad flags and values have their exit status`(
    program: String, arguments: [String], environment: [String: String], status: Int32
  ) async throws {
    let process = try ProgramProcess(program, arguments, environment: environment)
    #expect(await process.end() == .exit(status))
    #expect(!process.lines.isEmpty)
  }
}
