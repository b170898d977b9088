import Foundation
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// The lines of the server's log that graders read.
@Suite(.timeLimit(.minutes(1))) struct LogLinesTests {
  @Test func `a lottery logs each batch, each single bet and the draw`() async throws {
    let lines = try await Self.log(of: ["apuesta_recibida", "apuesta_almacenada", "sorteo"]) {
      let bets = try sampleBets(1, 0..<6)
      try await $0.greet()
      try await $0.expect(.stored(3), after: Frames.batch(Array(bets[..<3]), at: 0))
      try await $0.expect(.stored(4), after: Frames.bet(bets[3], at: 3))
      // What was stored before is not counted again.
      try await $0.expect(.stored(4), after: Frames.batch(Array(bets[..<3]), at: 0))
      try await $0.expect(.stored(4), after: Frames.bet(bets[3], at: 3))
      try await $0.expect(.stored(6), after: Frames.batch(Array(bets[2...]), at: 2))
      try await $0.send(Frames.batch(bets, badAt: 1, at: 6))
      _ = try await $0.receive()
      try await $0.expect(.confirmed, after: Frames.finished(6))
      _ = try await $0.askWinners()
    }
    #expect(
      lines == [
        "INFO     action: apuesta_recibida | result: success | cantidad: 3",
        "INFO     action: apuesta_almacenada | result: success | dni: 30000003 | numero: 1",
        "INFO     action: apuesta_recibida | result: success | cantidad: 2",
        "INFO     action: apuesta_recibida | result: fail | cantidad: 6 | offset: 6 | index: 1 | code: 1"
          + " | error: document \"x0000001\": must be 1 to 20 digits",
        "INFO     action: sorteo | result: success",
      ])
  }

  @Test func `an echo is logged, its control characters escaped`() async throws {
    let lines = try await Self.log(of: ["receive_message"]) {
      try await $0.send(Array("ho|la\u{1B}\t\r\n".utf8))
      _ = try await $0.receiveAll()
    }
    #expect(
      lines == [
        "INFO     action: receive_message | result: success | ip: 127.0.0.1"
          + " | msg: ho\\u{7C}la\\u{1B}\\t"
      ])
  }

  @Test func `the end closes everything, with a line for each`() async throws {
    let lines = try await Self.log(of: ["close_socket", "close_workers", "close_file"]) {
      try await $0.greet()
    }
    #expect(
      lines == [
        "INFO     action: close_socket | result: success | socket: listener",
        "INFO     action: close_socket | result: success | ip: 127.0.0.1",
        "INFO     action: close_workers | result: success | cantidad: 1",
        "INFO     action: close_file | result: success | file: bets.csv",
        "INFO     action: close_file | result: success | file: finished.csv",
      ])
  }

  /// The lines about `actions`, without their times, of a server that talks to one agency and is
  /// stopped while the agency is still connected.
  private static func log(
    of actions: Set<String>, during body: (RawClient) async throws -> Void
  ) async throws -> [String] {
    let directory = try TemporaryDirectory()
    let path = directory.file("log")
    let file = try File(appending: path)
    defer { file.close() }
    let log = Log(layout: .python, level: .info, descriptor: file.descriptor)
    try await withServer(agencies: 1, in: directory, log: log) { server in
      try await server.withClient(1) { client in
        try await body(client)
        await server.stop()
      }
    }
    log.flush()
    return String(decoding: try directory.read("log"), as: UTF8.self)
      .split(separator: "\n")
      .map { String($0.dropFirst("2026-01-01 00:00:00 ".count)) }
      .filter { line in actions.contains { line.contains("action: \($0) |") } }
  }
}
