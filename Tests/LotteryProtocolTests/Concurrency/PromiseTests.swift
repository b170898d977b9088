import Testing

@testable import LotteryProtocol

@Suite(.timeLimit(.minutes(10))) struct PromiseTests {
  @Test func `a fulfilled promise makes no task wait`() async {
    let promise = Promise<Int>()
    #expect(promise.value == nil)
    promise.fulfill(7)
    #expect(promise.value == 7)
    #expect(await promise.wait() == 7)
  }

  @Test func `the first value counts`() async {
    let promise = Promise<Int>()
    promise.fulfill(1)
    promise.fulfill(2)
    #expect(await promise.wait() == 1)
  }

  @Test func `all waiters get the value`() async {
    let promise = Promise<Int>()
    let values = await withTaskGroup(of: Int?.self) { group in
      for _ in 0..<500 { group.addTask { await promise.wait() } }
      await Task.yield()
      promise.fulfill(7)
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(values == [Int?](repeating: 7, count: 500))
  }

  @Test func `a task that is cancelled at any moment stops waiting, and it alone`() async {
    for round in 0..<200 {
      let promise = Promise<Int>()
      let given = Task { await promise.wait() }
      let other = Task { await promise.wait() }
      for _ in 0..<(round % 4) { await Task.yield() }
      given.cancel()
      #expect(await given.value == nil)
      promise.fulfill(round)
      #expect(await other.value == round)
    }
  }

  @Test func `a task that is cancelled before it waits does not wait`() async {
    let promise = Promise<Int>()
    let task = Task {
      await untilCancelled()
      return await promise.wait()
    }
    task.cancel()
    #expect(await task.value == nil)
  }

  @Test func `a value during a cancellation arrives or ends the wait`() async {
    for round in 0..<200 {
      let promise = Promise<Int>()
      let task = Task { await promise.wait() }
      let other = Task { promise.fulfill(round) }
      task.cancel()
      let value = await task.value
      #expect(value == nil || value == round)
      await other.value
    }
  }
}
