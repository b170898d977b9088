import LotteryProtocol
import Testing

@testable import LotteryServer

/// The barrier before the draw.
@Suite(.timeLimit(.minutes(1))) struct DrawBarrierTests {
  @Test func `the last agency to arrive is told so, once`() {
    let barrier = DrawBarrier<Int>(parties: 3)
    let arrivals: [UInt32] = [2, 2, 1, 1, 3, 3, 1]
    #expect(arrivals.map(barrier.arrive) == [false, false, false, false, true, false, false])
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

  @Test func `arriving does not open it`() {
    let barrier = DrawBarrier<Int>(parties: 1)
    #expect(barrier.arrive(1))
    #expect(barrier.outcome.value == nil)
    barrier.outcome.fulfill(1)
    #expect(barrier.outcome.value == 1)
  }

}
