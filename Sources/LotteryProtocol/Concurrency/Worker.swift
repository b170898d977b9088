import LotteryCore
import Dispatch

/// The worker of one connection: a serial queue on which all of that connection's work runs.
///
/// As the preferred executor of a task, it runs whatever the task does between two suspensions. It
/// holds a thread only while there is something to do: thousands of workers share as many threads
/// as there are cores.
public final class Worker: TaskExecutor {
  /// The queue on which everything runs.
  let queue: DispatchQueue

  /// A worker that stack traces and debuggers show under `label`.
  public init(label: String) {
    queue = DispatchQueue(label: label, target: .global())
  }

  /// A worker for work that blocks: while there is some, it has a thread that no other worker needs.
  public init(blocking label: String) {
    queue = DispatchQueue(label: label)
  }

  /// Lets other workers have their turn.
  ///
  /// `Task.yield()` does not: Dispatch goes on with a queue for as long as there is something in it,
  /// on the same thread, and as many busy workers as there are threads would shut out all others.
  public func yield() async {
    await withUnsafeContinuation { continuation in
      DispatchQueue.global().async { continuation.resume() }
    }
  }

  /// Runs `job` after what the worker was given before.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Work that must not take longer than it may.
package enum Deadline {
  /// A queue with a thread of its own: busy workers may hold all the others.
  private static let timers = DispatchQueue(label: "deadlines")

  /// Runs `work` on `worker`, cancels it after `limit`, and returns when it has ended.
  ///
  /// The work is a task of its own: it runs to its end or its deadline even where the task that
  /// calls this has been cancelled, which is what a farewell needs.
  package static func run(
    on worker: Worker, for limit: Duration, _ work: @escaping @Sendable () async -> Void
  ) async {
    let task = Task(executorPreference: worker) { await work() }
    cancel(task, after: limit)
    await task.value
  }

  /// Cancels `task` after `limit`.
  package static func cancel(_ task: Task<Void, Never>, after limit: Duration) {
    after(limit) { task.cancel() }
  }

  /// Calls `work` after `delay`. It must be short: all deadlines of the process share a thread.
  package static func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    timers.asyncAfter(deadline: .now() + .nanoseconds(delay.nanoseconds), execute: work)
  }
}
