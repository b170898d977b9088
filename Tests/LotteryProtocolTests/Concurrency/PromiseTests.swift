import LotteryProtocol
import Testing

@testable import LotteryCore

@Suite("Latches", .timeLimit(.minutes(1)))
struct LatchTests {
  @Test("An open latch makes nobody wait")
  func open() async {
    let latch = Promise<Int>()
    #expect(latch.value == nil)
    latch.open(7)
    #expect(latch.value == 7)
    #expect(await latch.wait() == 7)
  }

  @Test("The first value is the one that counts")
  func first() async {
    let latch = Promise<Int>()
    latch.open(1)
    latch.open(2)
    #expect(await latch.wait() == 1)
  }

  @Test("All who wait get the value")
  func many() async {
    let latch = Promise<Int>()
    let values = await withTaskGroup(of: Int?.self) { group in
      for _ in 0..<500 { group.addTask { await latch.wait() } }
      await Task.yield()
      latch.open(7)
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(values == [Int?](repeating: 7, count: 500))
  }

  @Test("A task that is cancelled at any moment stops waiting, and it alone")
  func cancelled() async {
    for round in 0..<200 {
      let latch = Promise<Int>()
      let given = Task { await latch.wait() }
      let patient = Task { await latch.wait() }
      for _ in 0..<(round % 4) { await Task.yield() }
      given.cancel()
      #expect(await given.value == nil)
      latch.open(round)
      #expect(await patient.value == round)
    }
  }

  @Test("A task that is cancelled before it waits does not wait")
  func cancelledBefore() async {
    let latch = Promise<Int>()
    let task = Task {
      await until { Task.isCancelled }
      return await latch.wait()
    }
    task.cancel()
    #expect(await task.value == nil)
  }

  @Test("A value given while tasks are cancelled reaches each of them or ends its wait")
  func race() async {
    for round in 0..<200 {
      let latch = Promise<Int>()
      let task = Task { await latch.wait() }
      let other = Task { latch.open(round) }
      task.cancel()
      let value = await task.value
      #expect(value == nil || value == round)
      await other.value
    }
  }
}
