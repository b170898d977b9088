import LotteryCore
import LotteryProtocol
import Synchronization

/// Ends a connection from outside.
final class Interruption: Sendable {
  /// Why it does.
  enum Reason: Equatable {
    /// What the agency is told.
    case error(ErrorCode)
    /// There is nobody any more who could be told.
    case vanished
  }

  /// How long the peer may still take for its message.
  let patience: Patience

  private struct State {
    var reason: Reason?
    var task: Task<Void, Never>?
    var watched: Channel?
    var isShuttingDown = false
    /// Hurries the end of a connection that is ending already.
    var hurry: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// An interruption that may come, among others when `patience` is over.
  init(patience: Patience) {
    self.patience = patience
  }

  /// Why the connection was interrupted, if it was.
  var reason: Reason? { state.withLock { $0.reason } }

  /// The task to interrupt. It may have been interrupted before it began.
  func attach(_ task: Task<Void, Never>) {
    let isInterrupted = state.withLock { state in
      state.task = task
      return state.reason != nil
    }
    if isInterrupted { task.cancel() }
  }

  /// From now on `channel` is looked at from time to time, because nobody reads from it who would
  /// notice that it breaks; nil ends that.
  func watch(_ channel: Channel?) {
    state.withLock { $0.watched = channel }
  }

  /// Interrupts the connection where there is a reason at this time.
  func interruptIfDue(at now: ContinuousClock.Instant) {
    if patience.isOver(at: now) {
      interrupt(.error(.tooSlow))
    } else if state.withLock({ $0.watched })?.isBroken == true {
      interrupt(.vanished)
    }
  }

  /// Interrupts the connection; the first reason is the one that counts.
  func interrupt(_ reason: Reason) {
    let (task, hurry) = state.withLock { state in
      state.reason = state.reason ?? reason
      if reason == .error(.shuttingDown) { state.isShuttingDown = true }
      return (state.task, state.isShuttingDown ? state.hurry : nil)
    }
    task?.cancel()
    hurry?()
  }

  /// Calls `action` if the server shuts down, also where that has begun: a connection that takes its
  /// time to end must not hold it up.
  func onShutdown(_ action: @escaping @Sendable () -> Void) {
    let isShuttingDown = state.withLock { state in
      state.hurry = action
      return state.isShuttingDown
    }
    if isShuttingDown { action() }
  }

  /// Returns when the connection is closed.
  func end() async {
    await state.withLock { $0.task }?.value
  }
}
