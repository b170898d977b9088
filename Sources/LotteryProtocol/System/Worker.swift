import Dispatch

/// The worker of one connection: a serial Dispatch queue that is the preferred executor of the
/// connection's task.
///
/// All of the task's work between two suspensions runs on the queue, one piece after the other, so
/// what belongs to one connection needs no lock. A worker holds a thread only while its task runs.
/// A suspended task holds none, so thousands of workers share as many threads as there are cores.
///
/// A task must not block its worker: a serial queue whose work blocks keeps its thread, and
/// Dispatch makes new ones only up to a limit. Work that blocks gets a worker of its own: see
/// ``init(blocking:)``.
public final class Worker: TaskExecutor {
  /// The queue on which all work runs.
  let queue: DispatchQueue

  /// A worker that debuggers show as `label`.
  public init(label: String) {
    queue = DispatchQueue(label: label, target: .global())
  }

  /// A worker for work that blocks: it has a thread of its own while it is busy.
  public init(blocking label: String) {
    queue = DispatchQueue(label: label)
  }

  /// Lets other workers run.
  ///
  /// `Task.yield()` does not: Dispatch drains a queue on the same thread until the queue is empty,
  /// and as many busy workers as there are threads would starve all others.
  public func yield() async {
    await withUnsafeContinuation { continuation in
      DispatchQueue.global().async { continuation.resume() }
    }
  }

  /// Runs `job` after all earlier jobs.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Calls that come later.
package enum Deadline {
  /// A queue with a thread of its own: busy workers may hold all threads of the pool.
  private static let timers = DispatchQueue(label: "deadlines")

  /// Calls `work` after `delay`. The work must be short: all deadlines of the process share a
  /// thread.
  package static func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    timers.asyncAfter(deadline: .now() + .nanoseconds(delay.nanoseconds), execute: work)
  }
}
