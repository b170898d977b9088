import Synchronization

/// Lets a task wait, without holding a thread, until a socket can be read from or written to.
///
/// The danger is a lost wakeup: the task tries and gets `EAGAIN`, the socket becomes ready, and
/// only then the task begins to wait, for a change that has been reported already. So each
/// direction is a small state machine under a lock, and a change that finds no waiter is
/// remembered:
///
///     state       | a task waits            | the poller reports a change
///     ------------+-------------------------+----------------------------
///     unchanged   | becomes awaited         | becomes changed
///     changed     | returns, unchanged      | stays
///     awaited     | not allowed             | resumes it, unchanged
///
/// A remembered change may be old, because the task has already read what it announced. Then the
/// task returns from its wait for nothing, gets `EAGAIN` again, and waits again. So anybody may
/// ``wake()`` the task to make it look around, and the poller does when a ``deadline`` is over.
///
/// A task is resumed on its own executor, which for a connection is its ``Worker``.
package final class Readiness: Sendable {
  package enum Direction: Int { case reading, writing }

  private enum Condition {
    /// Nothing has changed since a task last returned from a wait.
    case unchanged
    /// Something has changed, and no task was waiting.
    case changed
    /// A task waits for the next change. At most one does.
    case awaited(UnsafeContinuation<Void, Never>)
  }

  private struct State {
    /// By direction.
    var conditions: InlineArray<2, Condition> = [.unchanged, .unchanged]
    /// The token of the ``Poller``. Nil before the registration and after ``cancel(closing:)``.
    var token: UInt64?
    /// Whether the poller reports changes of writing.
    var watchesWriting = false
    /// Whether the poller has reported a break.
    var isBroken = false
    var onBreak: (@Sendable () -> Void)?

    subscript(direction: Direction) -> Condition {
      get { conditions[direction.rawValue] }
      set { conditions[direction.rawValue] = newValue }
    }
  }

  private let state = Mutex(State())
  private let poller: Poller
  private let descriptor: Int32
  /// Nanoseconds since ``start``; 0 without a deadline.
  private let deadlineTime = Atomic(0)
  private static let start = ContinuousClock.now

  /// Watches `descriptor`, which must stay open until ``cancel(closing:)`` has returned.
  package init(of descriptor: Int32, writing: Bool = false) throws(SystemError) {
    self.descriptor = descriptor
    poller = try Poller.shared()
    let token = try poller.register(self, for: descriptor, writing: writing)
    state.withLock { state in
      state.token = token
      state.watchesWriting = writing
    }
  }

  /// Returns when the socket may be ready, the deadline is over, or somebody wakes the task. Then
  /// the caller tries again.
  package func wait(for direction: Direction) async {
    if direction == .writing {
      let token = state.withLock { state in
        defer { state.watchesWriting = true }
        return state.watchesWriting ? nil : state.token
      }
      if let token { poller.watchWriting(token, of: descriptor) }
    }
    await withUnsafeContinuation { continuation in
      let hasChanged = state.withLock { state in
        switch state[direction] {
        case .unchanged:
          state[direction] = .awaited(continuation)
          return false
        case .changed:
          state[direction] = .unchanged
          return true
        case .awaited:
          preconditionFailure("two tasks wait for one direction")
        }
      }
      if hasChanged { continuation.resume() }
    }
  }

  /// Returns also when the task is cancelled.
  package func waitUnlessCancelled(for direction: Direction) async {
    await withTaskCancellationHandler {
      await wait(for: direction)
    } onCancel: {
      wake()
    }
  }

  /// Makes the waiting tasks try again.
  package func wake() {
    note(.reading)
    note(.writing)
  }

  /// The time from which on waits end, up to ``Poller/tick`` later; nil if they may last.
  var deadline: ContinuousClock.Instant? {
    get {
      let time = deadlineTime.load(ordering: .relaxed)
      return time == 0 ? nil : Self.start + .nanoseconds(time)
    }
    set {
      // 0 stands for no deadline.
      let time = newValue.map { max(1, Self.start.duration(to: $0).nanoseconds) }
      deadlineTime.store(time ?? 0, ordering: .relaxed)
    }
  }

  func isOverdue(at now: @autoclosure () -> ContinuousClock.Instant) -> Bool {
    let time = deadlineTime.load(ordering: .relaxed)
    return time != 0 && time <= Self.start.duration(to: now()).nanoseconds
  }

  /// Calls `action` when the connection breaks, at once if it has; nil ends that.
  func onBreak(_ action: (@Sendable () -> Void)?) {
    let isBroken = state.withLock { state in
      state.onBreak = action
      return state.isBroken
    }
    if isBroken { action?() }
  }

  /// Notes that the connection is broken, as far as the kernel knows.
  func noteBreak() {
    let action = state.withLock { state in
      state.isBroken = true
      return state.onBreak
    }
    wake()
    action?()
  }

  func isAwaited(for direction: Direction) -> Bool {
    state.withLock { state in
      if case .awaited = state[direction] { true } else { false }
    }
  }

  /// Notes a change: resumes the waiter, or remembers the change if there is none.
  func note(_ direction: Direction) {
    let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard case .awaited(let continuation) = state[direction] else {
        state[direction] = .changed
        return nil
      }
      state[direction] = .unchanged
      return continuation
    }
    waiting?.resume()
  }

  /// Stops watching. Afterwards the caller may close the descriptor, and no task may wait.
  package func cancel(closing: Bool = false) {
    let token = state.withLock { state in
      defer { state.token = nil }
      return state.token
    }
    if let token { poller.unregister(token, of: descriptor, closing: closing) }
  }
}
