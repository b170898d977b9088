import Foundation
import LotteryProtocol
import TestSupport
import Testing

/// What the operator does: asks for the status, names files, and ends programs by signals.
@Suite(.timeLimit(.minutes(10))) struct OperatorTests {
  @Test func `--status prints a table of the agencies and logs nothing`() async throws {
    let lottery = try Lottery(agencies: 4)
    let noServer = "lottery-server: no server on port \(lottery.port): connect: Connection refused"
    await (try lottery.askStatus()).expectEnd(69, noServer)
    try lottery.leave(finished: "3,0\r\n")
    let server = try await lottery.startServer()
    await (try lottery.startAgency(2, Lottery.bet)).expectEnd(0)
    await server.line(with: "close_worker | result: success | ip")
    let agency = try Peer(port: lottery.port, agency: 4)
    defer { agency.close() }
    try await agency.greet()
    let status = try lottery.askStatus()
    await status.expectEnd(0)
    #expect(
      status.lines.prefix(5) == [
        "    agency          bets  finished  connected",
        "         1             0        no         no",
        "         2             1        no         no",
        "         3             0       yes         no",
        "         4             0        no        yes",
      ])
    // One of them for the bet.
    let syncs = /syncs: 1, mean: ([0-9.]+[mµn]?s), longest: \1/
    #expect(status.lines.dropLast().last?.wholeMatch(of: syncs) != nil, "\(status.lines)")
    // The one of agency 2 may not be gone.
    let last = /bets: 1, finished: 1 of 4, connections: [12], draw: not held/
    #expect(status.lines.last?.wholeMatch(of: last) != nil, "\(status.lines)")
    await server.stop()
    #expect(server.lines.count { $0.contains("accept_connections | result: success") } == 2)
  }

  @Test func `files whose names are not UTF-8 are opened as they are named`() async throws {
    let lottery = try Lottery(agencies: 1)
    func start(_ script: String) throws -> ProgramProcess {
      try ProgramProcess(
        script: "cd '\(lottery.directory.path)' && n=$(printf 'Mu\\361oz') && \(script)")
    }
    let row = "Ana,Paz,1,1999-03-17,7574"
    let server = try start(
      """
      mkdir "$n" && printf '1:secret' >"$n/keys" && printf secret >"$n/key" &&
      printf '\(row)' >"$n/agency-1.csv" &&
      printf '[DEFAULT]\\nSERVER_PORT=\(lottery.port)\\nSERVER_AGENCIES=1\\n' >"$n/config.ini" &&
      printf 'id: 1\\nserver:\\n  address: 127.0.0.1:\(lottery.port)\\n' >"$n/config.yaml" &&
      export SERVER_DATA_DIR="$n/data" SERVER_AGENCY_KEYS="$n/keys" &&
      exec lottery-server --config "$n/config.ini"
      """)
    await server.line(with: "accept_connections | result: in_progress")
    let agency = try start(
      """
      export CLI_DATA_FILE="$n/agency-{id}.csv" CLI_KEY_FILE="$n/key" &&
      exec agency-client --config="$n/config.yaml"
      """)
    await agency.expectEnd(0)
    await server.stop()
    let stored = try start("cat \"$n/data/bets.csv\"")
    await stored.expectEnd(0)
    #expect(stored.lines == ["1,\(row)\r"])
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
  @Test(.enabled(if: canMakeNamespaces, "needs unshare and the right to make a namespace"))
  func `PID 1 ends at a signal that comes at its start`() async throws {
    for _ in 0..<10 {
      let directory = TemporaryDirectory()
      let server = try ProgramProcess(
        script: "exec unshare --fork --pid --kill-child lottery-server",
        environment: ["SERVER_PORT": "0", "SERVER_DATA_DIR": directory.path])
      let children = "/proc/\(server.pid)/task/\(server.pid)/children"
      var child: pid_t?
      while child == nil, !Task.isCancelled {
        let found = try? String(contentsOfFile: children, encoding: .utf8)
        child = found?.split(separator: " ").compactMap { pid_t($0) }.first(where: Self.hasBegun)
        await Task.yield()
      }
      kill(try #require(child), SIGTERM)
      await server.expectEnd(0)
    }
  }

  private static let canMakeNamespaces: Bool = {
    let process = try? ChildProcess("unshare", ["--fork", "--pid", "true"])
    return process?.wait { _ in } == .exit(0)
  }()

  /// Whether the process is lottery-server and ignores SIGPIPE (proc(5), SigIgn). It does so right
  /// after it has blocked the signals that end it.
  private static func hasBegun(_ pid: pid_t) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8),
      status.hasPrefix("Name:\tlottery-server"),
      let ignored = status.firstMatch(of: /SigIgn:\t([0-9a-f]+)/),
      let mask = UInt64(ignored.1, radix: 16)
    else { return false }
    return mask & 1 << UInt64(SIGPIPE - 1) != 0
  }
}
