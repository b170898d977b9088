import Dispatch
import Foundation
import Testing

@testable import LotteryProtocol

@Suite(.timeLimit(.minutes(10))) struct WorkerTests {
  @Test func `all of a task's work runs on its worker's queue`() async {
    let worker = Worker(label: "test")
    let key = DispatchSpecificKey<Bool>()
    worker.queue.setSpecific(key: key, value: true)
    let onQueue = await Task(executorPreference: worker) {
      var found: [Bool] = []
      for _ in 0..<100 {
        found.append(DispatchQueue.getSpecific(key: key) == true)
        await Task.yield()
      }
      return found
    }.value
    #expect(onQueue == [Bool](repeating: true, count: 100))
    #expect(DispatchQueue.getSpecific(key: key) == nil)
  }

  @Test func `work for another worker runs there, and the task goes on where it was`() async {
    let key = DispatchSpecificKey<String>()
    let (worker, other) = (Worker(label: "test"), Worker(label: "other"))
    worker.queue.setSpecific(key: key, value: "worker")
    other.queue.setSpecific(key: key, value: "other")
    let places = await Task(executorPreference: worker) {
      let before = DispatchQueue.getSpecific(key: key)
      let during = await withTaskExecutorPreference(other) { @concurrent () async in
        DispatchQueue.getSpecific(key: key)
      }
      return [before, during, DispatchQueue.getSpecific(key: key)]
    }.value
    #expect(places == ["worker", "other", "worker"])
  }

  @Test func `a worker does its work one piece at a time`() async {
    let worker = Worker(label: "test")
    let inside = Counter()
    let overlaps = Counter()
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask(executorPreference: worker) {
          for _ in 0..<50 {
            if inside.up() > 1 { overlaps.up() }
            sched_yield()
            inside.down()
            await Task.yield()
          }
        }
      }
    }
    #expect(overlaps.value == 0)
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
    let waiting = Counter()
    let tasks = (0..<1000).map { index in
      Task(executorPreference: Worker(label: "test \(index)")) {
        waiting.up()
        return await promise.wait()
      }
    }
    await until { waiting.value == tasks.count }
    let threads = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count
    // Dispatch would stop at 255. Other tests have threads, too.
    #expect(threads < 200)
    promise.fulfill(7)
    for task in tasks { #expect(await task.value == 7) }
  }
}
