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
