import Dispatch

/// Work that must not take longer than it may.
public enum Deadline {
  /// A queue with a thread of its own: busy workers may hold all the others.
  private static let timers = DispatchQueue(label: "deadlines")

  /// Runs `work` on `worker`, cancels it after `limit`, and returns when it has ended.
  ///
  /// The work is a task of its own: it runs to its end or its deadline even where the task that
  /// calls this has been cancelled, which is what a farewell needs.
  public static func run(
    on worker: Worker, for limit: Duration, _ work: @escaping @Sendable () async -> Void
  ) async {
    let task = Task(executorPreference: worker) { await work() }
    cancel(task, after: limit)
    await task.value
  }

  /// Cancels `task` after `limit`.
  public static func cancel(_ task: Task<Void, Never>, after limit: Duration) {
    after(limit) { task.cancel() }
  }

  /// Calls `work` after `delay`. It must be short: all deadlines of the process share a thread.
  public static func after(_ delay: Duration, _ work: @escaping @Sendable () -> Void) {
    timers.asyncAfter(deadline: .now() + .nanoseconds(delay.nanoseconds), execute: work)
  }
}
