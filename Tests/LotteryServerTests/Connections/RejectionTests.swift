import LotteryCore
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// An agency that sends nothing but batches that are rejected.
@Suite(.timeLimit(.minutes(1))) struct RejectionTests {
  private static let limit = ProtocolLimits.rejectedInARow

  @Test func `it is answered up to the limit and refused, with few log lines`() async throws {
    let log = try LogFile()
    try await withAgency(log: log.log) { client, _ in
      let bet = Frames.bet(try sampleBet(1), at: 9)
      try await client.send(Array([[UInt8]](repeating: bet, count: Self.limit + 100).joined()))
      for _ in 0..<Self.limit { try await client.expect(.gap(9)) }
      try await client.expect(
        .error(code: .notNow, reason: "\(Self.limit) batches rejected in a row"))
      try await client.expect(nil)
    }
    let rejected = [
      "INFO     action: apuesta_almacenada | result: fail | dni: 30000000 | numero: 1",
      "INFO     action: reject_batch | result: success | agency: 1 | offset: 9 | index: 0"
        + " | code: 3 | error: offset 9: 0 bets are stored",
    ]
    let more = Self.limit - RejectionLog.linesInARow
    #expect(
      try log.lines(of: "apuesta_almacenada", "reject_batch", "reject_batches")
        == [[String]](repeating: rejected, count: RejectionLog.linesInARow).flatMap(\.self) + [
          "INFO     action: reject_batches | result: success | agency: 1 | more_batches: \(more)"
            + " | more_bets: \(more)"
        ])
  }

  @Test func `a new row of rejections is logged anew`() async throws {
    let log = try LogFile()
    try await withAgency(log: log.log) { client, _ in
      let bets = try sampleBets(1, 0..<2)
      for stored in 0..<2 {
        for _ in 0..<9 {
          try await client.expect(.gap(7, stored: stored), after: Frames.bet(bets[0], at: 7))
        }
        try await client.expect(
          .stored(UInt64(stored + 1)), after: Frames.bet(bets[stored], at: UInt64(stored)))
      }
    }
    let actions = try log.lines(of: "apuesta_recibida", "apuesta_almacenada", "reject_batches")
      .map { $0.split(separator: " ")[2] }
    let row =
      [Substring](repeating: "apuesta_almacenada", count: 8)
      + ["reject_batches", "apuesta_almacenada"]
    #expect(actions == row + row)
  }

  @Test func `answers that are sent together stay in the order of the batches`() async throws {
    try await withAgency { client, _ in
      let bets = try sampleBets(1, 0..<2)
      try await client.send(
        Frames.bet(bets[0], at: 5), Frames.bet(bets[0], at: 6), Frames.bet(bets[0], at: 0),
        Frames.bet(bets[0], at: 7), Frames.bet(bets[1], at: 1), Frames.bet(bets[0], at: 8),
        Frames.finished(2), Frames.bet(bets[0], at: 9), Frames.winnersQuery,
        Frames.bet(bets[0], at: 10), Frames.finished(3))
      for offset: UInt64 in [5, 6] { try await client.expect(.gap(offset)) }
      try await client.expect(.stored(1))
      try await client.expect(.gap(7, stored: 1))
      try await client.expect(.stored(2))
      try await client.expect(.gap(8, stored: 2))
      try await client.expect(.confirmed)
      try await client.expect(.gap(9, stored: 2))
      try await client.expect(.winners(more: false, documents: []))
      try await client.expect(.gap(10, stored: 2))
      try await client.expect(.error(code: .totalsDiffer, reason: "total 3: 2 bets are stored"))
    }
  }

  @Test func `one whose batches are rejected in a row is slowed down`() async throws {
    try await withAgency { client, _ in
      let bet = Frames.bet(try sampleBet(1), at: 9)
      for _ in 0..<9 { try await client.expect(.gap(9), after: bet) }
      let start = ContinuousClock.now
      for _ in 0..<5 { try await client.expect(.gap(9), after: bet) }
      // The pause before the first of them has begun earlier.
      #expect(start.duration(to: .now) >= .milliseconds(40))
    }
  }
}

/// Lines about rejected batches, of all connections together.
@Suite struct RejectionBudgetTests {
  @Test func `a second has so many lines, and the next one has as many again`() {
    let elapsed = Mutex(Duration.zero)
    let start = ContinuousClock.now
    let budget = RejectionBudget(now: { start + elapsed.withLock { $0 } })
    for second in [0, 1, 5] {
      elapsed.withLock { $0 = .seconds(second) }
      for _ in 0..<RejectionBudget.limit { #expect(budget.take()) }
      #expect(!budget.take())
      elapsed.withLock { $0 += .milliseconds(999) }
      #expect(!budget.take())
    }
  }
}
