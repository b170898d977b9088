import Synchronization
import Testing

@testable import LotteryServer

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
