import Foundation
import TestSupport
import Testing

/// What each program says of bad input, and its exit status.
@Suite(.timeLimit(.minutes(10))) struct BadInputTests {
  /// A shell runs a program. `$n` is a name that is not UTF-8.
  @Test(
    arguments: [
      ("lottery-server --help", 0, "SIGTERM, SIGINT and SIGHUP shut it down gracefully."),
      ("agency-client --version", 0, "agency-client 1.0.0"),
      ("lottery-server --bogus", 64, "\"--bogus\": unknown argument; try lottery-server --help"),
      ("agency-client --bogus", 64, "\"--bogus\": unknown argument; try agency-client --help"),
      ("SERVER_PORT=many lottery-server", 78, "must be a whole number from 0 to 65535"),
      ("CLI_ID= agency-client", 78, "id: must be set, in the file or as CLI_ID"),
      ("agency-client --config /", 78, "/: read: Is a directory"),
      ("lottery-server --config /nowhere.ini", 66, "/nowhere.ini: no such file"),
      ("agency-client --config /nowhere.yaml", 66, "/nowhere.yaml: no such file"),
      ("SERVER_AGENCY_KEYS= lottery-server", 78, "to ask for no keys, do not set it"),
      // What cannot be printed whole. The last one has no descriptor for its input either.
      ("lottery-server --help >/dev/full", 74, "\(cannotWrite): No space left on device"),
      ("agency-client --version >&-", 74, "\(cannotWrite): Bad file descriptor"),
      ("lottery-server --help 0<&- >&-", 74, "\(cannotWrite): Bad file descriptor"),
      // What is quoted cannot take over the terminal.
      (
        #"lottery-server --status --config "$(printf '\033]0;a\a')""#, 66,
        #"lottery-server: \u{1B}]0;a\u{7}: no such file"#
      ),
      // It is refused, and not repaired.
      ("LOGGING_LEVEL=$n lottery-server", 78, "environment: LOGGING_LEVEL = \(notUTF8)"),
      ("CLI_MODE=$n agency-client", 78, "environment: CLI_MODE = \(notUTF8)"),
      ("NOMBRE=$n agency-client", 65, "first name \(notUTF8)"),
    ])
  func `bad flags, values and outputs have their exit status and line`(
    command: String, status: Int32, line: String
  ) async throws {
    let process = try ProgramProcess(
      script: "n=$(printf 'Mu\\361oz'); \(command)",
      environment: Lottery.bet.merging(["CLI_ID": "1", "CLI_SERVER_ADDRESS": "127.0.0.1:1"]) { $1 })
    await process.expectEnd(status, line)
    #expect(!process.lines.isEmpty)
  }

  private static let cannotWrite = "standard output cannot be written: write"
  private static let notUTF8 = "\"Mu\u{FFFD}oz\": must be valid UTF-8"

  @Test func `an agency without a server, a file or a place with others has its exit status`()
    async throws
  {
    let lottery = try Lottery(agencies: 2)
    await (try lottery.startAgency(1, ["CLI_RETRY_LIMIT": "20ms"])).expectEnd(69)
    try #require(mkfifo(lottery.directory.file("agency-2.csv"), 0o600) == 0)
    let server = try await lottery.startServer()
    for (id, status, problem) in [
      (1, 66, "agency-1.csv: open: No such file or directory"),
      (2, 66, "agency-2.csv: not a regular file"), (3, 81, ""),
    ] as [(Int, Int32, String)] {
      await (try lottery.startAgency(id)).expectEnd(status, problem)
    }
    await server.stop()
  }

  @Test func `so has a server whose directory or port is in use, or whose files are damaged`()
    async throws
  {
    let lottery = try Lottery(agencies: 1)
    let server = try await lottery.startServer()
    let second = try await lottery.startServer(["SERVER_PORT": "0"])
    await second.expectEnd(75, "server: another server is using this directory")
    let third = try await lottery.startServer(["SERVER_DATA_DIR": lottery.directory.file("other")])
    await third.expectEnd(71, "port \(lottery.port): bind: Address already in use")
    await server.stop()
    let damaged = Array("1,Ana,P,1,1990-01-15,7\r\n1,broken\r\n1,Ana,P,1,1990-01-15,7\r\n".utf8)
    try lottery.directory.write(damaged, to: "server/bets.csv")
    let last = try await lottery.startServer()
    await last.expectEnd(65)
    #expect(last.lines.last?.contains("bets.csv:2: ") == true)
    #expect(try lottery.directory.read("server/bets.csv") == damaged)
  }

  @Test(.enabled(if: unprivileged != nil, "needs setpriv, and programs that anybody may run"))
  func `a file that a mode closes is named with the user and what to do`() async throws {
    let (command, user) = try #require(Self.unprivileged)
    let directory = TemporaryDirectory()
    let path = try directory.path(of: "config", holding: "")
    defer { chmod(directory.path, 0o700) }
    for (mode, ofDirectory, problem) in [
      (0, 0o755, "cannot be read by user \(user): chmod a+r"),
      (0o644, 0o600, "is in a directory that user \(user) cannot search: chmod a+x"),
    ] as [(mode_t, mode_t, String)] {
      chmod(path, mode)
      chmod(directory.path, ofDirectory)
      for program in ["lottery-server", "agency-client"] {
        await (try ProgramProcess(script: "\(command) \(program) --config \(path)"))
          .expectEnd(78, problem)
      }
    }
  }

  /// What runs programs that modes of files bind, unlike those of root, and their user. Nil if
  /// nothing does.
  private static let unprivileged: (command: String, user: uid_t)? = {
    let user = geteuid() == 0 ? 10001 : geteuid()
    let command = geteuid() == 0 ? "setpriv --reuid=\(user) --clear-groups" : "exec"
    let program = Bundle.main.bundleURL.appending(path: "lottery-server").path()
    let process = try? ChildProcess("sh", ["-c", "\(command) '\(program)' --version"])
    return process?.wait { _ in } == .exit(0) ? (command, user) : nil
  }()
}
