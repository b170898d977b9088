import Foundation
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

/// A server and its agencies, as processes, in a directory of their own.
final class Lottery: Sendable {
  let directory: TemporaryDirectory
  let port: UInt16
  private let agencies: Int

  /// A lottery of `agencies` agencies; no program has been started yet.
  init(agencies: Int) throws {
    directory = TemporaryDirectory()
    port = try FreePort.next()
    self.agencies = agencies
  }

  /// Starts the server after a shell has run `setup`, and waits until it listens.
  func startServer(
    _ environment: [String: String] = [:], after setup: String = ":"
  ) async throws -> ProgramProcess {
    let server = try ProgramProcess(
      script: "\(setup) && exec lottery-server",
      environment: [
        "SERVER_PORT": "\(port)", "SERVER_AGENCIES": "\(agencies)",
        "SERVER_DATA_DIR": directory.file("server"), "SERVER_LISTEN_BACKLOG": "128",
      ].merging(environment) { $1 })
    await server.line(with: "accept_connections | result: in_progress")
    return server
  }

  /// Starts the program that asks the server how the lottery stands.
  func askStatus() throws -> ProgramProcess {
    try ProgramProcess("lottery-server", ["--status"], environment: ["SERVER_PORT": "\(port)"])
  }

  /// Starts an agency that reads `agency-N.csv` of the lottery's directory.
  func startAgency(_ id: Int, _ environment: [String: String] = [:]) throws -> ProgramProcess {
    try ProgramProcess(
      "agency-client",
      environment: [
        "CLI_ID": "\(id)", "CLI_SERVER_ADDRESS": "127.0.0.1:\(port)",
        "CLI_DATA_FILE": directory.file("agency-{id}.csv"), "CLI_RETRY_PAUSE": "5ms",
        "CLI_RETRY_MAXPAUSE": "50ms", "CLI_RETRY_LIMIT": "20s",
      ].merging(environment) { $1 })
  }

  /// Mode `bet`, and its bet.
  static let bet = [
    "CLI_MODE": "bet", "NOMBRE": "Santiago Lionel", "APELLIDO": "Lorca", "DOCUMENTO": "30904465",
    "NACIMIENTO": "1999-03-17", "NUMERO": "7574",
  ]

  /// Writes the files of the server, as one that ended has left them.
  func leave(bets: String = "", finished: String = "") throws {
    try FileManager.default.createDirectory(
      atPath: directory.file("server"), withIntermediateDirectories: false)
    try directory.write(bets.utf8, to: "server/bets.csv")
    try directory.write(finished.utf8, to: "server/finished.csv")
  }

  /// Writes the file of agency `id`.
  func write(_ rows: [String], of id: Int) throws {
    try directory.write(rows.joined().utf8, to: "agency-\(id).csv")
  }

  /// What the server has stored of agency `id`, in order, as its own file has it.
  func storedRows(of id: Int) throws -> [String] {
    let text = String(decoding: try directory.read("server/bets.csv"), as: UTF8.self)
    return text.split(separator: "\r\n", omittingEmptySubsequences: true)
      .filter { $0.hasPrefix("\(id),") }
      .map { $0.dropFirst("\(id),".count) + "\r\n" }
  }
}

/// Ports for servers that must come back on the same one.
///
/// They are below those that the kernel hands out by itself (ip(7), ip_local_port_range), so that
/// no connection and no other test gets one meanwhile.
enum FreePort {
  private static let last = Mutex(UInt16.random(in: 15_000..<25_000))

  /// A port without a listener that was not returned before.
  static func next() throws -> UInt16 {
    for _ in 0..<1000 {
      let port = last.withLock { last in
        last += 1
        return last
      }
      if isFree(port) { return port }
    }
    throw POSIXError(.EADDRINUSE)
  }

  private static func isFree(_ port: UInt16) -> Bool {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    return withLoopback(port) { bind(listener, $0, $1) == 0 }
  }
}

extension [String] {
  /// Rows of an agency's file: `count` bets, every `every`th of them a winner.
  static func rows(_ count: Int, of id: Int, winning every: Int = 100) -> [String] {
    let names = ["José María", "Ana", "Ñandú", "Zoë", "O'Higgins", "李"]
    return (0..<count).map { index in
      let number = index % every == 0 ? 7574 : index % 7574
      return
        "\(names[index % names.count]),Pérez,\(id)0\(index),1990-0\(index % 9 + 1)-15,\(number)\r\n"
    }
  }
}

extension ServerMessage {
  /// How many bets are stored, if it is a WELCOME.
  var stored: UInt64? {
    if case .welcome(_, _, let stored, _) = self { stored } else { nil }
  }

  /// The code, if it is an ERROR.
  var errorCode: ErrorCode? {
    if case .error(let code, _) = self { code } else { nil }
  }
}

/// Whether a sanitizer, which takes memory of its own, is part of the programs.
var isSanitized: Bool {
  dlsym(nil, "__asan_init") != nil || dlsym(nil, "__tsan_init") != nil
}
