import Foundation
import LotteryCore
import TestSupport
import Testing

@Suite("What an operator asks a server", .timeLimit(.minutes(1)))
struct OperatorTests {
  @Test func `--status prints a table of the agencies, and leaves no line in the log`() async throws
  {
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
    server.send(SIGTERM)
    #expect(await server.end() == .exit(0))
    #expect(server.lines.count { $0.contains("accept_connections | result: success") } == 1)
  }

  @Test func `--status says in one line that no server runs, and ends with 69`() async throws {
    let lottery = try Lottery(agencies: 3)
    let status = try lottery.askStatus()
    #expect(await status.end() == .exit(69))
    let reason = "connect: Connection refused"
    #expect(status.lines == ["lottery-server: no server on port \(lottery.port): \(reason)"])
  }

  @Test func `a file with the keys of 5,000 agencies is taken`() async throws {
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

  @Test func `what another program on the port says cannot take over the operator's terminal`()
    async throws
  {
    let listener = try OtherProgram()
    let status = try ProgramProcess(
      "lottery-server", ["--status"], environment: ["SERVER_PORT": "\(listener.port)"])
    try await onThread {
      var bytes: [UInt8] = []
      let reason = "\u{1B}]0;owned\u{7}\n\u{202E}x"
      ServerMessage.error(code: .notNow, reason: reason).append(to: &bytes)
      try listener.answerOnce(bytes)
    }
    #expect(await status.end() == .exit(69))
    #expect(
      status.lines == [
        #"lottery-server: the server refused (ERROR 5): \u{1B}]0;owned\u{7}\n\u{202E}x"#
      ])
  }

  @Test func `SIGTERM ends a server whose output is full and not read`() async throws {
    let directory = try TemporaryDirectory()
    let port = try FreePort.next()
    let server = try ChildProcess(
      Bundle.main.bundleURL.appending(path: "lottery-server").path(), [],
      environment: ["SERVER_PORT=\(port)", "SERVER_DATA_DIR=\(directory.path)"])
    let line = [UInt8](repeating: UInt8(ascii: "x"), count: 7999) + [UInt8(ascii: "\n")]
    let duration = try await onThread {
      // A little more than may wait to be written.
      for _ in 0..<1100 {
        var echo: [UInt8]? = nil
        while echo == nil {
          // It may not listen yet.
          guard let stranger = try? Stranger(port: port) else { continue }
          defer { stranger.close() }
          try stranger.send(line)
          echo = try stranger.receive(line.count)
        }
        #expect(echo == line)
      }
      let start = ContinuousClock.now
      kill(server.pid, SIGTERM)
      var information = siginfo_t()
      // Its output is read only afterwards.
      waitid(P_PID, id_t(server.pid), &information, WEXITED | WNOWAIT)
      return start.duration(to: .now)
    }
    #expect(duration < .seconds(2))
    #expect(server.wait { _ in } == .exit(0))
  }
}

/// Another program than a server that listens on a port of this machine, in plain blocking calls.
private final class OtherProgram: Sendable {
  let port: UInt16
  private let descriptor: Int32

  init() throws {
    port = try FreePort.next()
    descriptor = socket(
      AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), Int32(IPPROTO_TCP))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0, listen(descriptor, 5) == 0 else {
      throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO)
    }
  }

  deinit { close(descriptor) }

  /// Accepts a connection, takes a question of 5 bytes, and sends `bytes`.
  func answerOnce(_ bytes: [UInt8]) throws {
    let accepted = accept(descriptor, nil, nil)
    defer { close(accepted) }
    var question = [UInt8](repeating: 0, count: Recorded.statusQuery.count)
    guard recv(accepted, &question, question.count, Int32(MSG_WAITALL)) == question.count,
      send(accepted, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count
    else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
  }
}
