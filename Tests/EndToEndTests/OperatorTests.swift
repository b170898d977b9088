import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// What the operator does: asks for the status, names files, and ends programs by signals.
@Suite(.timeLimit(.minutes(10))) struct OperatorTests {
  @Test func `--status prints a table of the agencies and logs nothing`() async throws {
    let lottery = try Lottery(agencies: 3)
    let reason = "connect: Connection refused"
    let early = try lottery.askStatus()
    #expect(await early.end() == .exit(69))
    #expect(early.lines == ["lottery-server: no server on port \(lottery.port): \(reason)"])

    let server = try await lottery.startServer()
    #expect(await (try lottery.startAgency(2, Lottery.bet)).end() == .exit(0))
    await server.line(with: "close_socket | result: success | ip")
    let status = try lottery.askStatus()
    #expect(await status.end() == .exit(0))
    #expect(
      status.lines.dropLast(2) == [
        "    agency          bets  finished  connected",
        "         1             0        no         no",
        "         2             1        no         no",
        "         3             0        no         no",
      ])
    // One of them for the bet.
    let syncs = try #require(status.lines.dropLast().last)
    #expect(
      syncs.firstMatch(of: /^syncs: 1, mean: ([0-9.]+[mµn]?s), longest: \1$/) != nil, "\(syncs)")
    let last = try #require(status.lines.last)
    #expect(last.hasPrefix("bets: 1, finished: 0 of 3, connections: "))
    #expect(last.hasSuffix(", draw: not held"))
    await server.stop()
    #expect(server.lines.count { $0.contains("accept_connections | result: success") } == 1)
  }

  @Test func `a hostile answer to --status cannot take over the terminal`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let status = try ProgramProcess(
      "lottery-server", ["--status"], environment: ["SERVER_PORT": "\(listener.port)"])
    // Apart from the threads that all tests share: the program waits for three seconds.
    try await withTaskExecutorPreference(Worker(label: "peer")) {
      let peer = try Peer(try #require(try await listener.accept()))
      #expect(try await peer.receive(Frames.statusQuery.count) == Frames.statusQuery)
      let reason = "\u{1B}]0;owned\u{7}\n\u{202E}x"
      try await peer.send(ServerMessage.error(code: .notNow, reason: reason).frame)
      peer.close()
    }
    listener.close()
    #expect(await status.end() == .exit(69))
    let line = #"lottery-server: the server refused (ERROR 5): \u{1B}]0;owned\u{7}\n\u{202E}x"#
    #expect(status.lines == [line])
  }

  @Test func `files whose names are not UTF-8 are opened as they are named`() async throws {
    let lottery = try Lottery(agencies: 1)
    let begin = "cd '\(lottery.directory.path)' && n=$(printf 'Mu\\361oz') && "
    func output(_ script: String) throws -> String {
      var output: [UInt8] = []
      let process = try ChildProcess("sh", ["-c", begin + script], joinsErrors: true)
      #expect(process.wait { output += $0 } == .exit(0))
      return String(decoding: output, as: UTF8.self)
    }
    func start(_ program: String, _ script: String, _ arguments: String) throws -> ProgramProcess {
      let path = ProgramProcess.path(of: program)
      return try ProgramProcess(
        program, path: "sh", ["-c", "\(begin)export \(script) && exec '\(path)' \(arguments)"],
        environment: [:])
    }
    let row = "Ana,Paz,1,1999-03-17,7574"
    let files = """
      mkdir "$n" && printf '1:secret' >"$n/keys" && printf secret >"$n/key" &&
      printf '\(row)' >"$n/agency-1.csv" &&
      printf '[DEFAULT]\\nSERVER_PORT=\(lottery.port)\\nSERVER_AGENCIES=1\\n' >"$n/config.ini" &&
      printf 'id: 1\\nserver:\\n  address: 127.0.0.1:\(lottery.port)\\n' >"$n/config.yaml"
      """
    #expect(try output(files) == "")
    let server = try start(
      "lottery-server", "SERVER_DATA_DIR=\"$n/data\" SERVER_AGENCY_KEYS=\"$n/keys\"",
      "--config \"$n/config.ini\"")
    await server.line(with: "accept_connections | result: in_progress")
    let agency = try start(
      "agency-client", "CLI_DATA_FILE=\"$n/agency-{id}.csv\" CLI_KEY_FILE=\"$n/key\"",
      "--config=\"$n/config.yaml\"")
    #expect(await agency.end() == .exit(0))
    await server.stop()
    #expect(try output("cat \"$n/data/bets.csv\"") == "1,\(row)\r\n")
  }

  @Test(arguments: [(SIGTERM, "SIGTERM"), (SIGINT, "SIGINT"), (SIGHUP, "SIGHUP")])
  func `a signal ends an agency that waits for the draw, and its server, in order`(
    signal: Int32, name: String
  ) async throws {
    let lottery = try Lottery(agencies: 2)
    try lottery.write(.rows(10, of: 1), of: 1)
    let server = try await lottery.startServer()
    let agency = try lottery.startAgency(1)
    await server.line(with: "cantidad: 10")
    for program in [agency, server] {
      program.send(signal)
      #expect(await program.end() == .exit(0))
      #expect(
        program.lines.contains { $0.hasSuffix("shutdown | result: in_progress | signal: \(name)") })
      #expect(program.lines.contains { $0.contains("action: close_file | result: success") })
      #expect(program.lines.last?.hasSuffix("action: exit | result: success") == true)
    }
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
