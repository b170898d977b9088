import LotteryProtocol
import Synchronization

/// Ends a connection from outside, with the reason that its agency is told.
final class Interruption: Sendable {
  private struct State {
    var reason: ErrorCode?
    var task: Task<Void, Never>?
  }

  private let state = Mutex(State())

  /// Why the connection was interrupted, if it was.
  var reason: ErrorCode? { state.withLock { $0.reason } }

  /// The task to interrupt. It may have been interrupted before it began.
  func attach(_ task: Task<Void, Never>) {
    let isInterrupted = state.withLock { state in
      state.task = task
      return state.reason != nil
    }
    if isInterrupted { task.cancel() }
  }

  /// Interrupts the connection; the first reason is the one that counts.
  func interrupt(_ reason: ErrorCode) {
    let task = state.withLock { state in
      state.reason = state.reason ?? reason
      return state.task
    }
    task?.cancel()
  }
}
