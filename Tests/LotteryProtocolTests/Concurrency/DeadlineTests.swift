import Testing

@testable import LotteryCore
@testable import LotteryProtocol

@Suite("Deadlines", .timeLimit(.minutes(1)))
struct DeadlineTests {
  private let worker = Worker(label: "test")

  @Test("Work that ends in time is not waited for any longer, nor cancelled")
  func inTime() async {
    let wasCancelled = Promise<Bool>()
    await Deadline.run(on: worker, for: .seconds(3600)) { wasCancelled.fulfill(Task.isCancelled) }
    #expect(wasCancelled.value == false)
  }

  @Test("Work that takes too long is cancelled, not before its time")
  func late() async {
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

  @Test("Work that never lets go of its worker is cancelled all the same")
  func busy() async {
    await Deadline.run(on: worker, for: .milliseconds(20)) {
      while !Task.isCancelled {}
    }
  }

  @Test("The cancellation of whoever waits for it does not cut the work short")
  func cancelledCaller() async {
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
