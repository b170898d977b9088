import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(10))) struct EchoModeTests {
  private let lines: LogFile

  init() throws {
    lines = try LogFile(.go, level: .debug)
  }

  @Test func `each line has a connection of its own, and may come back in pieces`() async throws {
    let outcome = try await run(amount: 2) { server in
      for number in 1...2 {
        try await server.withConnection { peer in
          let line = try await peer.receiveLine()
          #expect(line == "[CLIENT 1] Message N°\(number)\n")
          for byte in line.utf8 { try await peer.send([byte]) }
          try await peer.require(nil)
        }
      }
    }
    #expect(outcome == nil)
    #expect(
      try lines.results(of: "receive_message")
        == (1...2).map { "success | client_id: 1 | msg: [CLIENT 1] Message N°\($0)" })
    #expect(try lines.results(of: "loop_finished") == ["success | client_id: 1"])
    #expect(try lines.results(of: "close_socket").count == 2)
  }

  @Test func `with nothing to send it ends at once`() async throws {
    #expect(try await run(amount: 0) { _ in } == nil)
    #expect(try lines.results(of: "loop_finished") == ["success | client_id: 1"])
  }

  @Test(arguments: [0, 5])
  func `a line that does not come back, or only in part, is no success`(length: Int) async throws {
    let outcome = try await serve(amount: 2) { peer in
      let line = try await peer.receiveLine()
      try await peer.send(Array(line.utf8.prefix(length)))
    }
    #expect(outcome == .disconnected("the server closed it, before the whole line had come back"))
    #expect(try lines.results(of: "receive_message").isEmpty)
  }

  @Test func `a line that does not end within 8000 bytes is no success`() async throws {
    let outcome = try await serve(amount: 1) { peer in
      _ = try await peer.receiveLine()
      try await peer.send([UInt8](repeating: 0x61, count: 8000))
      try await peer.require(nil)
    }
    #expect(outcome == .disconnected("the line that came back does not end"))
  }

  @Test func `SIGTERM ends it while it waits for its line`() async throws {
    let outcome = try await run(amount: 1) { server in
      try await server.withConnection { peer in
        _ = try await peer.receiveLine()
        server.agency.cancel()
        try await peer.require(nil)
      }
    }
    #expect(outcome == .cancelled)
  }

  private func serve(
    amount: Int, _ script: (Peer) async throws -> Void
  ) async throws -> AgencyError? {
    try await run(amount: amount) { try await $0.withConnection(script) }
  }

  private func run(
    amount: Int, _ script: (ScriptedServer) async throws -> Void
  ) async throws -> AgencyError? {
    try await outcome(
      of: { [log = lines.log] endpoint, worker in
        var configuration = ClientConfiguration(id: 1, serverAddress: endpoint, dataFile: "")
        configuration.loopAmount = amount
        configuration.loopPeriod = .zero
        configuration.retry = .soon
        try await EchoMode(agency: Agency(configuration, worker: worker, log: log)).run()
      }, script: script)
  }
}
