import LotteryProtocol
import Testing

@testable import LotteryServer

/// The barrier before the draw.
@Suite(.timeLimit(.minutes(1))) struct DrawBarrierTests {
  @Test func `the last agency to arrive is told so, once`() {
    let barrier = DrawBarrier<Int>(parties: 3)
    let arrivals: [UInt32] = [2, 2, 1, 1, 3, 3, 1]
    #expect(
      arrivals.map(barrier.arrive) == [false, false, false, false, true, false, false])
  }

  @Test func `of agencies that arrive together one is the last`() async {
    let barrier = DrawBarrier<Int>(parties: 500)
    let last = await withTaskGroup(of: Bool.self) { group in
      for agency in 1...500 as ClosedRange<UInt32> {
        group.addTask { barrier.arrive(agency) }
        group.addTask { barrier.arrive(agency) }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(last == 1)
  }

  @Test func `with no parties none is the last`() {
    #expect(!DrawBarrier<Int>(parties: 0).arrive(1))
  }

  @Test func `all waiters get the outcome, also those that come later`() async {
    let barrier = DrawBarrier<Int>(parties: 1)
    let outcomes = await withTaskGroup(of: Int?.self) { group in
      for _ in 0..<300 { group.addTask { await barrier.outcome.wait() } }
      group.addTask {
        if barrier.arrive(1) { barrier.outcome.fulfill(7574) }
        return await barrier.outcome.wait()
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes == Array(repeating: 7574, count: 301))
    #expect(await barrier.outcome.wait() == 7574)
  }

  @Test func `arriving does not open it`() {
    let barrier = DrawBarrier<Int>(parties: 1)
    #expect(barrier.arrive(1))
    #expect(barrier.outcome.value == nil)
    barrier.outcome.fulfill(1)
    #expect(barrier.outcome.value == 1)
  }

  @Test func `it opens once`() {
    let barrier = DrawBarrier<Int>(parties: 1)
    barrier.outcome.fulfill(1)
    barrier.outcome.fulfill(2)
    #expect(barrier.outcome.value == 1)
  }

  @Test func `a cancelled task stops waiting, the others go on`() async {
    let barrier = DrawBarrier<Int>(parties: 1)
    let (cancelled, other) = (
      Task { await barrier.outcome.wait() }, Task { await barrier.outcome.wait() }
    )
    cancelled.cancel()
    #expect(await cancelled.value == nil)
    barrier.outcome.fulfill(1)
    #expect(await other.value == 1)
  }
}
