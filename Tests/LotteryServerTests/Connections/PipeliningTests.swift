import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Messages that arrive together, and what they are answered.
@Suite(.timeLimit(.minutes(10))) struct PipeliningTests {
  @Test func `batches in flight are answered by cumulative STOREDs, in order`() async throws {
    try await withAgency { client, server in
      let (bets, size) = (try sampleBets(0..<5000), 50)
      let batches = stride(from: 0, to: bets.count, by: size).map {
        Frames.batch(Array(bets[$0..<($0 + size)]), at: UInt64($0))
      }
      try await client.send(Array(batches.joined()))
      var last: UInt64 = 0
      var answers = 0
      while last < 5000, case .stored(let stored) = try await client.receive() {
        #expect(stored > last && stored % UInt64(size) == 0)
        last = stored
        answers += 1
      }
      #expect(last == 5000)
      #expect(answers < batches.count)
      try await client.expect(.confirmed, after: Frames.finished(5000))
      #expect(try server.directory.read("bets.csv") == rows(bets))
    }
  }

  @Test func `a whole conversation may come in one packet`() async throws {
    try await withClient { client, _ in
      let bet = try sampleBet(0, number: winningNumber)
      try await client.send(
        Frames.hello(1), Frames.bet(bet, at: 0), Frames.finished(1), Frames.winnersQuery)
      client.finishSending()
      try await client.expect(.welcome())
      try await client.expect(.stored(1))
      try await client.expect(.confirmed)
      try await client.expect(.winners(more: false, documents: [bet.document]))
      try await client.expect(nil)
    }
  }
}
