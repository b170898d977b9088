import Foundation
import TestSupport
import Testing

/// What each program says of bad input, and its exit status.
@Suite(.timeLimit(.minutes(10))) struct BadInputTests {
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

  @Test func `an agency without a server, a file or a place with others has its exit status`()
    async throws
  {
    let lottery = try Lottery(agencies: 2)
    #expect(await (try lottery.startAgency(1, ["CLI_RETRY_LIMIT": "20ms"])).end() == .exit(69))
    try #require(mkfifo(lottery.directory.file("agency-2.csv"), 0o600) == 0)
    let server = try await lottery.startServer()
    for (id, status, problem) in [
      (1, 66, "agency-1.csv: open: No such file or directory"),
      (2, 66, "agency-2.csv: not a regular file"), (3, 81, ""),
    ] as [(Int, Int32, String)] {
      let agency = try lottery.startAgency(id)
      #expect(await agency.end() == .exit(status))
      #expect(agency.lines.last?.hasSuffix(problem) == true, "\(agency.lines)")
    }
    await server.stop()
  }

  @Test func `so has a server whose directory or port is in use, or whose files are damaged`()
    async throws
  {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    let second = try await lottery.startServer(["SERVER_PORT": "0"])
    #expect(await second.end() == .exit(75))
    let third = try await lottery.startServer(["SERVER_DATA_DIR": lottery.directory.file("other")])
    #expect(await third.end() == .exit(71))
    await server.stop()
    let damaged = Array("1,Ana,P,1,1990-01-15,7\r\n1,broken\r\n1,Ana,P,1,1990-01-15,7\r\n".utf8)
    try lottery.directory.write(damaged, to: "server/bets.csv")
    let last = try await lottery.startServer()
    #expect(await last.end() == .exit(65))
    #expect(last.lines.last?.contains("bets.csv:2: ") == true)
    #expect(try lottery.directory.read("server/bets.csv") == damaged)
  }

  @Test(
    arguments: [
      ("lottery-server", "LOGGING_LEVEL", 78, "environment: LOGGING_LEVEL = "),
      ("agency-client", "CLI_MODE", 78, "environment: CLI_MODE = "),
      ("agency-client", "NOMBRE", 65, "first name "),
    ] as [(String, String, Int32, String)])
  func `what is not UTF-8 in the environment is refused, not repaired`(
    program: String, variable: String, status: Int32, problem: String
  ) async throws {
    let path = ProgramProcess.path(of: program)
    let script = "export \(variable)=\"$(printf 'Mu\\361oz')\"; exec '\(path)'"
    let process = try ProgramProcess(
      "sh", path: "sh", ["-c", script],
      environment: Lottery.bet.merging([
        "CLI_ID": "1", "CLI_SERVER_ADDRESS": "127.0.0.1:1", "CLI_RETRY_LIMIT": "1ms",
      ]) { $1 })
    #expect(await process.end() == .exit(status))
    let line = process.lines.last ?? ""
    #expect(line.hasSuffix("\(problem)\"Mu\u{FFFD}oz\": must be valid UTF-8"), "\(line)")
  }

  @Test(
    .enabled(if: Unprivileged.isPossible, "needs setpriv, and programs that anybody may run"),
    arguments: [
      ("lottery-server", 0, 0o755, "cannot be read by user \(Unprivileged.user): chmod a+r"),
      ("agency-client", 0, 0o755, "cannot be read by user \(Unprivileged.user): chmod a+r"),
      (
        "lottery-server", 0o644, 0o600,
        "is in a directory that user \(Unprivileged.user) cannot search: chmod a+x"
      ),
    ] as [(String, mode_t, mode_t, String)])
  func `a file that a mode closes is named with the user and what to do`(
    program: String, mode: mode_t, ofDirectory: mode_t, problem: String
  ) async throws {
    let directory = TemporaryDirectory()
    let path = try directory.path(of: "config", holding: "")
    chmod(path, mode)
    chmod(directory.path, ofDirectory)
    let (command, arguments) = Unprivileged.command(program, ["--config", path])
    let process = try ProgramProcess(program, path: command, arguments, environment: [:])
    #expect(await process.end() == .exit(78))
    #expect(process.lines.last?.hasSuffix(problem) == true)
    chmod(directory.path, 0o700)
  }

  @Test(
    arguments: [
      ("lottery-server", "--help"), ("lottery-server", "--version"), ("lottery-server", "--status"),
      ("agency-client", "--help"), ("agency-client", "--version"),
    ], [">/dev/full", ">&-", "0<&- >&-"])
  func `what cannot be printed whole ends the program with 74`(
    program: (name: String, flag: String), output: String
  ) async throws {
    let lottery = try Lottery(agencies: 1)
    let server = program.flag == "--status" ? try await lottery.startServer() : nil
    let script = "exec '\(ProgramProcess.path(of: program.name))' \(program.flag) \(output)"
    let process = try ProgramProcess(
      "sh", path: "sh", ["-c", script], environment: ["SERVER_PORT": "\(lottery.port)"])
    #expect(await process.end() == .exit(74))
    let reason = output == ">/dev/full" ? "No space left on device" : "Bad file descriptor"
    #expect(
      process.lines == ["\(program.name): standard output cannot be written: write: \(reason)"])
    await server?.stop()
  }
}

/// Programs that modes of files bind, unlike those of root.
private enum Unprivileged {
  static let user = geteuid() == 0 ? 10001 : geteuid()

  static let isPossible: Bool = {
    let (path, arguments) = command("lottery-server", ["--version"])
    return (try? ChildProcess(path, arguments, joinsErrors: true))?.wait { _ in } == .exit(0)
  }()

  static func command(_ program: String, _ arguments: [String]) -> (String, [String]) {
    let path = ProgramProcess.path(of: program)
    guard geteuid() == 0 else { return (path, arguments) }
    return ("setpriv", ["--reuid=\(user)", "--clear-groups", path] + arguments)
  }
}
