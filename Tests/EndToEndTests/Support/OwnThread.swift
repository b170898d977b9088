import Foundation

/// Runs tasks that block, each on a thread of its own.
final class OwnThread: TaskExecutor {
  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    Thread.detachNewThread { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

/// Runs `work`, which may block, on a thread of its own. It still belongs to the test.
func onThread<Value: Sendable>(
  _ work: @escaping @Sendable () throws -> Value
) async throws -> Value {
  try await Task(executorPreference: OwnThread()) { try work() }.value
}
