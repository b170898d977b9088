import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// REJECTED ends the connection.
@Suite(.timeLimit(.minutes(10))) struct RejectionTests {
  private static let rejected = ServerMessage.rejected(
    offset: 2, index: 1, code: .ruleBroken,
    reason: "document \"x0000003\": must be 1 to 20 digits")

  @Test func `what came before it is stored and answered, what came after it is not judged`()
    async throws
  {
    let log = try LogFile()
    try await withAgency(log: log.log) { client, server in
      let bets = try sampleBets(0..<6)
      try await client.send(
        Frames.batch(Array(bets[..<2]), at: 0), Frames.batch(Array(bets[2..<4]), badAt: 1, at: 2),
        Frames.batch(Array(bets[2...]), at: 2), Frames.finished(6), [0xFF, 0xFF, 0xFF, 0xFF])
      try await client.expect(.stored(2))
      try await client.expect(Self.rejected)
      try await client.expect(nil)
      #expect(try server.directory.read("bets.csv") == rows(Array(bets[..<2])))
      #expect(try server.directory.read("finished.csv") == [])
    }
    #expect(
      try log.lines(of: "apuesta_recibida", "reject_batch") == [
        "INFO     action: apuesta_recibida | result: success | cantidad: 2",
        "INFO     action: apuesta_recibida | result: fail | cantidad: 2",
        "INFO     action: reject_batch | result: success | agency: 1 | offset: 2 | index: 1"
          + " | code: 1 | error: document \"x0000003\": must be 1 to 20 digits",
      ])
  }

  @Test func `the agency may go on at once on a new connection`() async throws {
    try await withAgency { client, server in
      let bets = try sampleBets(0..<4)
      try await client.expect(.stored(2), after: Frames.batch(Array(bets[..<2]), at: 0))
      let bad = Frames.batch(Array(bets[2...]), badAt: 1, at: 2)
      try await client.expect(Self.rejected, after: bad)
      // The old connection is still open, and no longer speaks for the agency.
      try await server.withClient { newer in
        try await newer.expect(.welcome(2, last: bets[1]), after: Frames.hello(1))
        try await client.expect(nil)
        try await newer.expect(.stored(4), after: Frames.batch(Array(bets[2...]), at: 2))
      }
    }
  }

  @Test func `the largest window in flight does not destroy it`() async throws {
    try await withAgency(changing: { $0.farewell = .seconds(600) }) { client, _ in
      let bet = Frames.bet(try sampleBet(), at: 9)
      try await client.send(bet)
      let window = [UInt8](repeating: 0, count: 1023 * ProtocolLimits.packetSize)
      #expect(try await client.send(window), "the server closed over what it had not read")
      try await client.expect(.gap(9))
      try await client.expect(nil)
    }
  }
}
