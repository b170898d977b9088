import LotteryCore
import LotteryProtocol
import Synchronization

/// Ends a connection from outside: for a newer connection of the agency, an overdue message, a peer
/// that has vanished, or the shutdown.
///
/// Interrupting cancels the connection's task, which then asks for the reason. The first reason is
/// the one that counts. It may come before there is a task: then the task is cancelled when it is
/// attached. The shutdown has one effect more: a connection that is ending already is hurried.
final class ConnectionHandle: Sendable {
  /// Why the connection is ended.
  enum Reason: Equatable {
    /// The peer is sent ERROR.
    case error(ErrorCode)
    /// The peer has vanished, so nothing can be sent.
    case vanished
  }

  /// The deadline of the message that the peer owes.
  let deadline: MessageDeadline

  private struct State {
    /// The first reason is the one that counts.
    var reason: Reason?
    var task: Task<Void, Never>?
    var watched: Channel?
    var isShuttingDown = false
    var onShutdown: (@Sendable () -> Void)?
  }

  private let state = Mutex(State())

  /// A handle of a connection with `deadline`.
  init(deadline: MessageDeadline) {
    self.deadline = deadline
  }

  /// Why the connection was interrupted, if it was.
  var reason: Reason? { state.withLock { $0.reason } }

  /// Sets the task to interrupt. The connection may have been interrupted before the task began.
  func attach(_ task: Task<Void, Never>) {
    let isInterrupted = state.withLock { state in
      state.task = task
      return state.reason != nil
    }
    if isInterrupted { task.cancel() }
  }

  /// Checks `channel` for a break from now on whenever deadlines are checked; nil ends that.
  ///
  /// For the time in which no task reads from the channel, so that none would notice.
  func watch(_ channel: Channel?) {
    state.withLock { $0.watched = channel }
  }

  /// Interrupts the connection if its deadline is over or its watched channel has broken.
  func interruptIfDue(at now: ContinuousClock.Instant) {
    if deadline.isOver(at: now) {
      interrupt(.error(.tooSlow))
    } else if state.withLock({ $0.watched })?.isBroken == true {
      interrupt(.vanished)
    }
  }

  /// Interrupts the connection.
  func interrupt(_ reason: Reason) {
    let (task, onShutdown) = state.withLock { state in
      state.reason = state.reason ?? reason
      if reason == .error(.shuttingDown) { state.isShuttingDown = true }
      return (state.task, state.isShuttingDown ? state.onShutdown : nil)
    }
    task?.cancel()
    onShutdown?()
  }

  /// Calls `action` when the server shuts down, at once if it already does. A connection that is
  /// ending slowly must not delay the shutdown.
  func onShutdown(_ action: @escaping @Sendable () -> Void) {
    let isShuttingDown = state.withLock { state in
      state.onShutdown = action
      return state.isShuttingDown
    }
    if isShuttingDown { action() }
  }

  /// Returns when the connection is closed.
  func end() async {
    await state.withLock { $0.task }?.value
  }
}

/// The time until which a peer must complete the message that it owes.
///
/// Nothing wakes up when it is over. The server checks all connections from time to time, which
/// costs one comparison for each and no timer.
final class MessageDeadline: Sendable {
  /// Nanoseconds since ``start``; 0 while nothing is owed.
  private let deadline = Atomic(0)
  private let limit: Duration
  private static let start = ContinuousClock.now

  /// A deadline that lies `limit` after the moment from which a message is owed.
  init(limit: Duration) {
    self.limit = limit
  }

  /// Notes that a message is owed from now on. One that was owed before keeps its deadline, so that
  /// a peer that sends a byte now and then gains no time.
  func expectMessage() {
    if deadline.load(ordering: .relaxed) == 0 { renew() }
  }

  /// Starts the time anew, because a piece of what is owed has come.
  func renew() {
    deadline.store(Self.nanoseconds(.now + limit), ordering: .relaxed)
  }

  /// Notes that nothing is owed any more.
  func messageCame() {
    deadline.store(0, ordering: .relaxed)
  }

  /// Whether a message is owed and its time is over.
  func isOver(at now: ContinuousClock.Instant) -> Bool {
    let deadline = deadline.load(ordering: .relaxed)
    return deadline != 0 && deadline <= Self.nanoseconds(now)
  }

  private static func nanoseconds(_ instant: ContinuousClock.Instant) -> Int {
    // 0 stands for no deadline.
    max(1, start.duration(to: instant).nanoseconds)
  }
}
