import Dispatch
import Glibc
import Synchronization

/// The worker of one connection: a serial Dispatch queue that is the preferred executor of the
/// connection's task.
///
/// All of the task's work between two suspensions runs on the queue, one piece after the other, so
/// what belongs to one connection needs no lock. A worker holds a thread only while its task runs.
/// A suspended task holds none, so thousands of workers share as many threads as there are cores,
/// and no more than ``threadLimit``.
///
/// A task must not block its worker: a serial queue whose work blocks keeps its thread, and
/// Dispatch makes new ones only up to a limit. Work that blocks gets a worker of its own: see
/// ``init(blocking:)``.
public final class Worker: TaskExecutor {
  let queue: DispatchQueue

  /// A worker for work that never blocks. Debuggers show it as `label`.
  public init(label: String) {
    queue = DispatchQueue(label: label, target: Lanes.next())
  }

  /// The most threads that workers hold, apart from those for work that blocks. A container may
  /// allow far fewer than its machine has cores, and Dispatch stops for a second if it gets none.
  package static let threadLimit = 16

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
      Lanes.turns.async { continuation.resume() }
    }
  }

  /// Runs `job` after all earlier ones.
  public func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Where the queues of workers run. Dispatch makes a thread for each core. On a machine with more
/// cores than ``Worker/threadLimit``, workers share as many serial queues instead, one thread each.
private enum Lanes {
  private static let shared: [DispatchQueue] =
    sysconf(Int32(_SC_NPROCESSORS_ONLN)) <= Worker.threadLimit
    ? [] : (0..<Worker.threadLimit).map { DispatchQueue(label: "workers \($0)", target: .global()) }
  private static let last = Atomic(0)

  static func next() -> DispatchQueue {
    guard !shared.isEmpty else { return .global() }
    let number = last.wrappingAdd(1, ordering: .relaxed).newValue
    return shared[Int(UInt(bitPattern: number) % UInt(shared.count))]
  }

  /// Resumes the workers that let others run.
  static let turns: DispatchQueue =
    shared.isEmpty ? .global() : DispatchQueue(label: "turns", target: .global())
}

/// Calls functions after a delay.
package enum Timers {
  /// A queue with a thread of its own: busy workers may hold all threads of the pool.
  private static let queue = DispatchQueue(label: "timers")

  /// Calls `work` after `delay`. The work must be short: all timers of the process share a
  /// thread.
  package static func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    queue.asyncAfter(deadline: .now() + .nanoseconds(delay.nanoseconds), execute: work)
  }
}
