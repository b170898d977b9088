import Synchronization

/// A value that is not there yet, and the tasks that wait for it.
///
/// It opens once; from then on nobody waits. Tasks wait suspended, and a cancelled task stops
/// waiting.
package final class Promise<Value: Sendable>: Sendable {
  private struct State {
    var value: Value?
    var waiting: [UInt64: UnsafeContinuation<Void, Never>] = [:]
    var nextTicket: UInt64 = 0
  }

  private let state = Mutex(State())

  /// A latch that is closed.
  package init() {}

  /// The value, once it is there.
  package var value: Value? { state.withLock { $0.value } }

  /// Gives the value to all who wait and all who will. Later values are ignored.
  package func open(_ value: Value) {
    let woken = state.withLock { state in
      if state.value == nil { state.value = value }
      defer { state.waiting = [:] }
      return state.waiting
    }
    for continuation in woken.values { continuation.resume() }
  }

  /// Waits for the value; nil where the task is cancelled first.
  package func wait() async -> Value? {
    let ticket = state.withLock { state in
      state.nextTicket += 1
      return state.nextTicket
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        let isOpen = state.withLock { state in
          if state.value == nil { state.waiting[ticket] = continuation }
          return state.value != nil
        }
        // Cancelled before there was anybody to wake: then the handler below came too early.
        if isOpen { continuation.resume() } else if Task.isCancelled { wake(ticket) }
      }
    } onCancel: {
      wake(ticket)
    }
    return value
  }

  private func wake(_ ticket: UInt64) {
    state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume()
  }
}
