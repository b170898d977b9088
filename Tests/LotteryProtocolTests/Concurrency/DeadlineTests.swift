import Testing

@testable import LotteryCore
@testable import LotteryProtocol

/// Deadlines.
@Suite(.timeLimit(.minutes(1))) struct DeadlineTests {
  private let worker = Worker(label: "test")

  @Test func `work that ends in time is not cancelled`() async {
    let wasCancelled = Promise<Bool>()
    await Deadline.run(on: worker, for: .seconds(3600)) { wasCancelled.fulfill(Task.isCancelled) }
    #expect(wasCancelled.value == false)
  }

  @Test func `work that takes too long is cancelled, not before its time`() async {
    let never = Promise<Int>()
    let wasCancelled = Promise<Bool>()
    let start = ContinuousClock.now
    await Deadline.run(on: worker, for: .milliseconds(50)) {
      _ = await never.wait()
      wasCancelled.fulfill(Task.isCancelled)
    }
    #expect(wasCancelled.value == true)
    #expect(ContinuousClock.now - start >= .milliseconds(49))
  }

  @Test func `work that never suspends is cancelled, too`() async {
    await Deadline.run(on: worker, for: .milliseconds(20)) {
      while !Task.isCancelled {}
    }
  }

  @Test func `the cancellation of the caller does not end the work`() async {
    let wasCancelled = Promise<Bool>()
    let worker = worker
    let caller = Task {
      await until { Task.isCancelled }
      await Deadline.run(on: worker, for: .seconds(3600)) { wasCancelled.fulfill(Task.isCancelled) }
    }
    caller.cancel()
    await caller.value
    #expect(wasCancelled.value == false)
  }
}
