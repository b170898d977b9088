import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// How messages may arrive: many at once, in pieces, and what they then are answered.
@Suite(.timeLimit(.minutes(1))) struct PipeliningTests {
  @Test func `messages may arrive byte by byte`() async throws {
    try await withClient { client, server in
      let bets = try sampleBets(1, 0..<2)
      let messages = [
        Frames.hello(1), Frames.batch(bets, at: 0), Frames.finished(2), Frames.winnersQuery,
      ]
      for byte in messages.joined() { try await client.send([byte]) }
      try await client.expect(.welcome())
      try await client.expect(.stored(2))
      try await client.expect(.confirmed)
      try await client.expect(.winners(more: false, documents: []))
      #expect(try server.directory.read("bets.csv") == rows(bets))
    }
  }

  @Test func `batches in flight are answered by cumulative STOREDs, in order`() async throws {
    try await withAgency { client, server in
      let (bets, size) = (try sampleBets(1, 0..<5000), 50)
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
      let bet = try sampleBet(1, 0, number: winningNumber)
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

  @Test func `a batch sent twice is stored once`() async throws {
    try await withAgency { client, server in
      let bets = try sampleBets(1, 0..<5)
      let batch = Frames.batch(Array(bets[..<3]), at: 0)
      try await client.expect(.stored(3), after: batch)
      try await client.expect(.stored(3), after: batch)
      try await client.expect(.stored(5), after: Frames.batch(Array(bets[1...]), at: 1))
      try await client.expect(.confirmed, after: Frames.finished(5))
      try await client.expect(.stored(5), after: batch)
      #expect(try server.directory.read("bets.csv") == rows(bets))
    }
  }
}
