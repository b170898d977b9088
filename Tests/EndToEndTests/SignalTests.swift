import Foundation
import TestSupport
import Testing

/// Signals, at moments at which a program waits for something that may never come.
@Suite(.timeLimit(.minutes(10))) struct SignalTests {
  @Test func `SIGHUP ends both programs in order`() async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(10, of: 1), of: 1)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(1)
    await server.line(with: "cantidad: 10")
    agency.send(SIGHUP)
    #expect(await agency.end() == .exit(0))
    server.send(SIGHUP)
    #expect(await server.end() == .exit(0))
    for program in [agency, server] {
      #expect(
        program.lines.contains { $0.hasSuffix("shutdown | result: in_progress | signal: SIGHUP") })
      #expect(program.lines.contains { $0.contains("action: close_file | result: success") })
    }
  }

  /// The file is a pipe that another process has open and writes nothing to.
  @Test(
    arguments: [
      ("lottery-server", ["--config", "pipe"], nil), ("agency-client", ["--config", "pipe"], nil),
      ("lottery-server", [], "SERVER_AGENCY_KEYS"), ("agency-client", [], "CLI_KEY_FILE"),
    ] as [(String, [String], String?)])
  func `SIGTERM ends a program whose file is a silent pipe`(
    program: String, arguments: [String], variable: String?
  ) async throws {
    let directory = TemporaryDirectory()
    let path = directory.file("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    let writer = open(path, O_RDWR | O_CLOEXEC)
    defer { close(writer) }
    var environment = ["CLI_ID": "1", "CLI_SERVER_ADDRESS": "127.0.0.1:1"]
    if let variable { environment[variable] = path }
    let process = try ProgramProcess(
      program, arguments.map { $0 == "pipe" ? path : $0 }, environment: environment)
    await process.hasOpened(path)
    process.send(SIGTERM)
    #expect(await process.end() == .exit(0))
    #expect(process.lines.last?.hasSuffix("action: exit | result: success") == true)
  }

  @Test(.enabled(if: SilentNameServer.canBeMade, "needs unshare and the right to make a namespace"))
  func `SIGTERM ends an agency whose server's name is looked up`() async throws {
    let names = try SilentNameServer()
    let agency = try names.startAgency([:])
    await names.query()
    agency.send(SIGTERM)
    #expect(await agency.end() == .exit(0))
  }

  @Test(.enabled(if: SilentNameServer.canBeMade, "needs unshare and the right to make a namespace"))
  func `an agency gives up after its limit while its server's name is looked up`() async throws {
    let names = try SilentNameServer()
    let agency = try names.startAgency(["CLI_RETRY_LIMIT": "500ms"])
    #expect(await agency.end() == .exit(69))
    let reason = "gave up after 500ms without progress: waited for a connection to server.example:1"
    #expect(agency.lines.last?.hasSuffix(reason) == true)
  }

  /// PID 1 of a container has no default effects: a signal that comes before the program blocks or
  /// handles it is lost.
  @Test(.enabled(if: Namespace.canBeMade, "needs unshare and the right to make a namespace"))
  func `PID 1 ends at a signal that comes at its start`() async throws {
    for _ in 0..<10 {
      let lottery = try Lottery(agencies: 1)
      let server = try ProgramProcess(
        "unshare", path: "unshare",
        ["--fork", "--pid", "--kill-child", ProgramProcess.path(of: "lottery-server")],
        environment: [
          "SERVER_PORT": "\(lottery.port)", "SERVER_DATA_DIR": lottery.directory.file("server"),
        ])
      let pid = await server.firstChild { Namespace.hasBegun($0) }
      kill(try #require(pid), SIGTERM)
      #expect(await server.end() == .exit(0))
    }
  }
}

/// A namespace of processes, in which the first one is number 1.
private enum Namespace {
  static let canBeMade: Bool = {
    let process = try? ChildProcess("unshare", ["--fork", "--pid", "true"], joinsErrors: true)
    return process?.wait { _ in } == .exit(0)
  }()

  /// Whether the process is lottery-server and ignores SIGPIPE (proc(5), SigIgn). It does so right
  /// after it has blocked the signals that end it.
  static func hasBegun(_ pid: pid_t) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
      status.hasPrefix("Name:\tlottery-server"),
      let ignored = status.firstMatch(of: /SigIgn:\t([0-9a-f]+)/),
      let mask = UInt64(ignored.1, radix: 16)
    else { return false }
    return mask & 1 << UInt64(SIGPIPE - 1) != 0
  }
}
