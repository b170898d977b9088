import Glibc
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What a running server makes of what the session, the store and the draw decide. Their rules have
/// tests of their own, and clients that break them are in `EndToEndTests`.
@Suite(.timeLimit(.minutes(10))) struct ServiceTests {
  // MARK: The echo service of exercises 1 to 4

  private static func line(of size: Int) -> String {
    String(repeating: "x", count: size - 1) + "\n"
  }
  private static let largest = ProtocolLimits.echoLineSize

  /// A line may end where the client stops sending.
  @Test(
    arguments: [
      ("hola\n", false, "hola\n"), ("\n", false, "\n"), ("hola\r\n", false, "hola\r\n"),
      ("\u{1}ñ\u{0}\n", false, "\u{1}ñ\u{0}\n"), ("one\ntwo\n", false, "one\n"),
      (line(of: largest), false, line(of: largest)), (line(of: largest + 1), false, ""),
      ("hola", true, "hola"), ("\u{1}", true, "\u{1}"), ("", true, ""),
      (String(line(of: largest + 1).dropLast()), true, String(line(of: largest + 1).dropLast())),
      (String(line(of: largest + 2).dropLast()), true, ""),
    ])
  func `one line comes back, then the server disconnects`(
    sent: String, stops: Bool, returned: String
  ) async throws {
    try await withServer(agencies: 0) { server in
      try await server.withClient { client in
        try await client.send(Array(sent.utf8))
        if stops { client.finishSending() }
        #expect(try await client.receiveAll() == Array(returned.utf8))
      }
    }
  }

  // MARK: Messages that arrive together

  @Test func `a whole conversation may come in one packet, and nothing overtakes the draw`()
    async throws
  {
    try await withServer(agencies: 2) { server in
      try await server.withClient(1) { client in
        let bet = try sampleBet(number: winningNumber)
        try await client.send(
          Frames.hello(1), Frames.bet(bet, at: 0), Frames.finished(1), Frames.winnersQuery,
          Frames.finished(1))
        client.finishSending()
        try await client.expect(.welcome(version: 1, state: .open, stored: 0, lastBet: nil))
        try await client.expect(.stored(1))
        try await client.expect(.confirmed)
        try await server.withClient(2) { try await $0.finish(with: []) }
        try await client.expect(.winners(more: false, documents: [bet.document]))
        try await client.expect(.confirmed)
        try await client.expect(nil)
      }
    }
  }

  @Test func `agencies of an earlier, larger lottery do not count for others`() async throws {
    let log = try LogFile()
    let directory = try TemporaryDirectory(bets: [], finished: "2,0\r\n3,0\r\n")
    try await withServer(agencies: 2, in: directory, log: log.log) { server in
      try await server.withClient(1) { client in
        try await client.finish(with: [])
        #expect(try await client.askWinners() == [])
      }
    }
    // The draw waited for agency 1.
    let actions = try log.lines(of: "accept_connections", "sorteo").map {
      $0.split(separator: " ")[2]
    }
    #expect(
      actions == ["accept_connections", "accept_connections", "accept_connections", "sorteo"])
  }

  // MARK: What ends a connection

  /// What something else does to a file, and what the agency is told after its batch and FINISHED.
  @Test(
    arguments: [("bets.csv", []), ("finished.csv", [.stored(10)])] as [(String, [ServerMessage])])
  func `when it is not known what is stored, the agency is told so, and the server ends`(
    file: String, answers: [ServerMessage]
  ) async throws {
    try await confirmation("the disk ends the server") { ended in
      try await withServer(agencies: 1, onFailure: { _ in ended() }) { server in
        try await server.withAgency { client in
          unlink(server.directory.file(file))
          try await client.send(Frames.batch(try sampleBets(0..<10), at: 0), Frames.finished(10))
          let error = ServerMessage.error(
            code: .shuttingDown, reason: "the server could not store it")
          #expect(try await client.receiveMessages() == answers + [error])
        }
      }
    }
  }

  @Test func `nothing is judged that comes after bets which the disk refuses`() async throws {
    // The first two calls sync what was found.
    try await withServer(agencies: 1, disk: FaultyDisk(failing: [2])) { server in
      try await server.withAgency { client in
        try await client.send(Frames.batch(try sampleBets(0..<10), at: 0), Frames.finished(10))
        client.finishSending()
        let rejected = ServerMessage.rejected(
          offset: 0, index: 0, code: .notStored, reason: "the server could not store it")
        #expect(try await client.receiveMessages() == [rejected])
      }
    }
  }

  @Test func `a full server tells an agency that waits for the draw that it shuts down`()
    async throws
  {
    try await withServer(agencies: 2, changing: { $0.maxConnections = 1 }) { server in
      try await server.withAgency { waiting in
        try await waiting.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
        async let stopped: Void = server.stop()
        try await waiting.expect(
          .error(code: .shuttingDown, reason: "the server is shutting down"))
        try await waiting.expect(nil)
        await stopped
      }
    }
  }

  @Test func `the largest window in flight does not destroy REJECTED`() async throws {
    try await withServer(agencies: 1, changing: { $0.farewell = .seconds(600) }) { server in
      try await server.withAgency { client in
        try await client.send(Frames.bet(try sampleBet(), at: 9))
        let window = [UInt8](repeating: 0, count: 1023 * ProtocolLimits.packetSize)
        #expect(try await client.send(window), "the server closed over what it had not read")
        let gap = "offset 9: 0 bets are stored"
        try await client.expect(
          .rejected(offset: 9, index: 0, code: .outOfSequence, reason: gap))
        try await client.expect(nil)
      }
    }
  }

  @Test func `a connection that finds its claim lost is told so at once`() async throws {
    let superseded = ServerMessage.error(
      code: .superseded, reason: "a newer connection of this agency took over")
    for frame in [Frames.bet(try sampleBet(), at: 0), Frames.finished(0)] {
      try await withServer(agencies: 1) { server in
        try await server.withAgency { client in
          server.stealClaim(of: 1)
          try await client.expect(superseded, after: frame)
          try await client.expect(nil)
        }
      }
    }
  }

  @Test func `an agency that waits for the draw and vanishes gives up its place`() async throws {
    let log = try LogFile()
    try await withServer(agencies: 2, log: log.log, changing: { $0.maxConnections = 1 }) { server in
      let lost = try Peer(port: server.port, agency: 1)
      try await lost.greet()
      try await lost.expect(.confirmed, after: Frames.finished(0), Frames.winnersQuery)
      lost.reset()
      try await server.withClient(2) { client in
        // In its place, the other one gets in.
        try await client.finish(with: [])
        #expect(try await client.askWinners() == [])
      }
      // No peer was left to be refused.
      #expect(try log.lines(of: "refuse_connection") == [])
    }
  }
}
