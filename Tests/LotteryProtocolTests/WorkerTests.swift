import Dispatch
import Foundation
import Synchronization
import Testing

@testable import LotteryProtocol

@Suite(.timeLimit(.minutes(10))) struct WorkerTests {
  @Test func `a task runs on its worker's queue, but for work on another's`() async {
    let key = DispatchSpecificKey<String>()
    let (worker, other) = (Worker(label: "test"), Worker(label: "other"))
    worker.queue.setSpecific(key: key, value: "worker")
    other.queue.setSpecific(key: key, value: "other")
    let places = await Task(executorPreference: worker) {
      var places: [String?] = []
      for _ in 0..<50 {
        places.append(DispatchQueue.getSpecific(key: key))
        await Task.yield()
        places.append(
          await withTaskExecutorPreference(other) { @concurrent () async in
            DispatchQueue.getSpecific(key: key)
          })
      }
      return places
    }.value
    #expect(places == Array(repeatElement(["worker", "other"], count: 50).joined()))
    #expect(DispatchQueue.getSpecific(key: key) == nil)
  }

  @Test func `busy workers let others run`() async {
    let isOver = Promise<Void>()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<ProcessInfo.processInfo.activeProcessorCount + 2 {
        let worker = Worker(label: "busy")
        group.addTask(executorPreference: worker) {
          while isOver.value == nil { await worker.yield() }
        }
      }
      group.addTask(executorPreference: Worker(label: "late")) { isOver.fulfill(()) }
    }
  }

  @Test func `a thousand suspended workers hold hardly any threads`() async throws {
    let promise = Promise<Int>()
    let waiting = Atomic(0)
    let tasks = (0..<1000).map { index in
      Task(executorPreference: Worker(label: "test \(index)")) { @Sendable in
        waiting.add(1, ordering: .relaxed)
        return await promise.wait()
      }
    }
    await until { waiting.load(ordering: .relaxed) == tasks.count }
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    // Dispatch would stop at 255. Other tests have threads, too.
    #expect(threads < 200)
    promise.fulfill(7)
    for task in tasks { #expect(await task.value == 7) }
  }
}

@Suite(.timeLimit(.minutes(10))) struct PromiseTests {
  @Test(arguments: [true, false])
  func `a task that is cancelled at any moment stops waiting, and others get the first value`(
    getsValue: Bool
  ) async {
    for round in 0..<200 {
      let promise = Promise<Int>()
      let given = Task {
        // Cancelled before it waits.
        if round == 0 { await untilCancelled() }
        return await promise.wait()
      }
      let others = (0..<4).map { _ in Task { await promise.wait() } }
      for _ in 0..<(round % 4) { await Task.yield() }
      let fulfilling = Task { if getsValue { promise.fulfill(round) } }
      given.cancel()
      let value = await given.value
      #expect(value == nil || getsValue && value == round)
      await fulfilling.value
      promise.fulfill(round)
      promise.fulfill(-1)
      for other in others { #expect(await other.value == round) }
      #expect(await promise.wait() == round)
    }
  }
}
