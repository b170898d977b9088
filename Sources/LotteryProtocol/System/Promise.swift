import Synchronization

/// A value that one task provides once, and that other tasks wait for.
///
/// Waiters are suspended and hold no thread. A cancelled waiter stops waiting.
///
/// A waiter is resumed exactly once, by whichever takes it out of the table under the lock:
/// ``fulfill(_:)`` or its cancellation. A task that is cancelled before it is in the table finds
/// that out right after it has entered.
package final class Promise<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    /// The waiters by ticket. Empty once there is a value.
    var waiters: [UInt64: UnsafeContinuation<Void, Never>] = [:]
    var nextTicket: UInt64 = 0
  }

  private let state = Mutex(State())

  package init() {}

  package var value: Value? { state.withLock { $0.value } }

  /// Fulfills the promise and resumes all waiters. Only the first call counts.
  package func fulfill(_ value: Value) {
    let waiters = state.withLock { state in
      if state.value == nil { state.value = value }
      defer { state.waiters = [:] }
      return state.waiters
    }
    for continuation in waiters.values { continuation.resume() }
  }

  /// Waits until the promise is fulfilled.
  /// - Returns: the value, or nil if the task is cancelled first.
  package func wait() async -> Value? {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isFulfilled = state.withLock { state in
          if state.value == nil { state.waiters[ticket] = continuation }
          return state.value != nil
        }
        // If the task was cancelled before it was a waiter, the handler below found nothing to
        // resume.
        if isFulfilled { continuation.resume() } else if Task.isCancelled { resume(ticket) }
      }
    } onCancel: {
      resume(ticket)
    }
    return value
  }

  private func resume(_ ticket: UInt64) {
    state.withLock { $0.waiters.removeValue(forKey: ticket) }?.resume()
  }
}
