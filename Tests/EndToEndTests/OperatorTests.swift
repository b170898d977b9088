import Foundation
import LotteryProtocol
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(10))) struct OperatorTests {
  @Test func `--status prints a table of the agencies and logs nothing`() async throws {
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
    #expect(status.lines.last?.hasPrefix("bets: 1, finished: 0 of 3, connections: ") == true)
    #expect(status.lines.last?.hasSuffix(", draw: not held") == true)
    await server.stop()
    #expect(server.lines.count { $0.contains("accept_connections | result: success") } == 1)
  }

  @Test func `--status says in one line that no server runs, and ends with 69`() async throws {
    let lottery = try Lottery(agencies: 3)
    let status = try lottery.askStatus()
    #expect(await status.end() == .exit(69))
    let reason = "connect: Connection refused"
    #expect(status.lines == ["lottery-server: no server on port \(lottery.port): \(reason)"])
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

  @Test func `a file with the keys of 5,000 agencies is taken`() async throws {
    let lottery = try Lottery(agencies: 5000)
    let key = String(repeating: "k", count: 64)
    try lottery.directory.write((1...5000).map { "\($0):\(key)\n" }.joined().utf8, to: "keys")
    let server = try await lottery.startServer([
      "SERVER_AGENCY_KEYS": lottery.directory.file("keys")
    ])
    await server.stop()
  }

  @Test func `a hostile answer to --status cannot take over the terminal`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let status = try ProgramProcess(
      "lottery-server", ["--status"], environment: ["SERVER_PORT": "\(listener.port)"])
    try await onWorker {
      let peer = try Peer(try #require(try await listener.accept()))
      #expect(try await peer.receive(Recorded.statusQuery.count) == Recorded.statusQuery)
      let reason = "\u{1B}]0;owned\u{7}\n\u{202E}x"
      try await peer.send(ServerMessage.error(code: .notNow, reason: reason).frame)
      peer.close()
    }
    listener.close()
    #expect(await status.end() == .exit(69))
    #expect(
      status.lines == [
        #"lottery-server: the server refused (ERROR 5): \u{1B}]0;owned\u{7}\n\u{202E}x"#
      ])
  }

  @Test func `SIGTERM ends a server whose output is full and not read`() async throws {
    let directory = TemporaryDirectory()
    let port = try FreePort.next()
    let server = try ChildProcess(
      ProgramProcess.path(of: "lottery-server"), [],
      environment: ["SERVER_PORT=\(port)", "SERVER_DATA_DIR=\(directory.path)"])
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 7999) + [UInt8(ascii: "\n")]
    try await onWorker {
      // A little more than may wait to be written.
      for _ in 0..<1100 {
        var echo: [UInt8]? = nil
        while echo == nil {
          // It may not listen yet.
          guard let client = try? Peer(port: port) else { continue }
          defer { client.close() }
          try await client.send(line)
          echo = try await client.receive(line.count)
        }
        #expect(echo == line)
      }
      let start = ContinuousClock.now
      kill(server.pid, SIGTERM)
      // Its output is read only afterwards.
      var information = siginfo_t()
      waitid(P_PID, id_t(server.pid), &information, WEXITED | WNOWAIT)
      #expect(start.duration(to: .now) < .seconds(60))
    }
    #expect(server.wait { _ in } == .exit(0))
  }
}
