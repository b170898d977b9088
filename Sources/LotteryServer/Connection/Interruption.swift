import LotteryProtocol
import Synchronization

/// Ends a connection from outside, with the reason that its agency is told.
final class Interruption: Sendable {
  /// How long the peer may still take for its message.
  let patience: Patience

  private struct State {
    var reason: ErrorCode?
    var task: Task<Void, Never>?
  }

  private let state = Mutex(State())

  /// An interruption that may come, among others when `patience` is over.
  init(patience: Patience) {
    self.patience = patience
  }

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

  /// Returns when the connection is closed.
  func end() async {
    await state.withLock { $0.task }?.value
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
