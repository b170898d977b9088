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

  @Test func `batches in flight are answered by cumulative STOREDs, in order`() async throws {
    try await withAgency { client, server in
      let (bets, size) = (try sampleBets(0..<5000), 50)
      let batches = stride(from: 0, to: bets.count, by: size).map {
        Frames.batch(Array(bets[$0..<($0 + size)]), at: UInt64($0))
      }
      try await client.send(Array(batches.joined()))
      var answers: [UInt64] = [0]
      while answers.last != 5000, case .stored(let stored) = try await client.receive() {
        #expect(stored > (answers.last ?? 0) && stored % UInt64(size) == 0)
        answers.append(stored)
      }
      #expect(answers.last == 5000)
      #expect(answers.count <= batches.count)
      try await client.expect(.confirmed, after: Frames.finished(5000))
      #expect(try server.directory.read("bets.csv") == rows(bets))
    }
  }

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
        for answer in [.welcome(), .stored(1), .confirmed] as [ServerMessage] {
          try await client.expect(answer)
        }
        try await server.withClient(2) { try await $0.finish(with: []) }
        try await client.expect(.winners(more: false, documents: [bet.document]))
        try await client.expect(.confirmed)
        try await client.expect(nil)
      }
    }
  }

  // MARK: What ends a connection

  /// What fails, and what the agency is told after its batch and FINISHED.
  @Test(
    arguments: [
      ("bets.csv", [.write], [.rejected(offset: 0, index: 0, code: .notStored, reason: notStored)]),
      ("bets.csv", [.fdatasync], [.error(code: .shuttingDown, reason: notStored)]),
      (
        "finished.csv", [.write],
        [.stored(10), .error(code: .shuttingDown, reason: notStored)]
      ),
    ] as [(String, [FailingCalls.Call], [ServerMessage])])
  func `what cannot be stored is answered so, and the agency may come again`(
    file: String, calls: [FailingCalls.Call], answers: [ServerMessage]
  ) async throws {
    let isLost = calls == [.fdatasync]
    try await confirmation("the disk ends the server", expectedCount: isLost ? 1 : 0) { ended in
      try await withServer(agencies: 1, onFailure: { _ in ended() }) { server in
        let bets = try sampleBets(0..<10)
        try await server.withAgency { client in
          try await FailingCalls.with(calls, on: server.directory.file(file)) {
            try await client.send(Frames.batch(bets, at: 0), Frames.finished(10))
            #expect(try await client.receiveMessages() == answers)
          }
        }
        #expect(try server.directory.read("finished.csv") == [])
        if isLost { return }
        try await server.withAgency { client in
          try await client.expect(.stored(10), after: Frames.batch(bets, at: 0))
          try await client.expect(.confirmed, after: Frames.finished(10))
        }
        #expect(try server.directory.files == [rows(bets), Array("1,10\r\n".utf8)])
      }
    }
  }

  private static let notStored = "the server could not store it"

  @Test func `the largest window in flight does not destroy REJECTED`() async throws {
    try await withAgency(changing: { $0.farewell = .seconds(600) }) { client, _ in
      try await client.send(Frames.bet(try sampleBet(), at: 9))
      let window = [UInt8](repeating: 0, count: 1023 * ProtocolLimits.packetSize)
      #expect(try await client.send(window), "the server closed over what it had not read")
      let gap = "offset 9: 0 bets are stored"
      let rejected = ServerMessage.rejected(offset: 9, index: 0, code: .outOfSequence, reason: gap)
      #expect(try await client.receiveMessages() == [rejected])
    }
  }

  @Test func `a connection that finds its claim lost is told so at once`() async throws {
    let superseded = ServerMessage.error(
      code: .superseded, reason: "a newer connection of this agency took over")
    for frame in [Frames.bet(try sampleBet(), at: 0), Frames.finished(0)] {
      try await withAgency { client, server in
        server.stealClaim(of: 1)
        try await client.send(frame)
        #expect(try await client.receiveMessages() == [superseded])
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
