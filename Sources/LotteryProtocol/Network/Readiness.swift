import Synchronization

/// Lets a task wait, without holding a thread, until a socket can be read from or written to.
///
/// The caller first tries, and waits only after the kernel answered that nothing is there
/// (`EAGAIN`). A change that the ``Poller`` reports between the two is remembered, so that none is
/// lost. One task at a time waits for a direction. It is resumed on its own executor, which for a
/// connection is its ``Worker``.
final class Readiness: Sendable {
  enum Direction {
    case reading
    case writing
  }

  /// What is known of one direction.
  private enum Condition {
    /// Nothing has changed since a task was told so last.
    case unchanged
    /// Something has changed, and no task has been told yet.
    case changed
    /// A task waits for the next change.
    case awaited(UnsafeContinuation<Void, Never>)
  }

  private struct State {
    var reading = Condition.unchanged
    var writing = Condition.unchanged
    /// Nil before registration and after ``cancel()``.
    var token: UInt64?

    subscript(direction: Direction) -> Condition {
      get { direction == .reading ? reading : writing }
      set {
        switch direction {
        case .reading: reading = newValue
        case .writing: writing = newValue
        }
      }
    }
  }

  private let state = Mutex(State())
  private let poller: Poller
  private let descriptor: Int32

  /// Watches `descriptor`, which stays open until ``cancel()`` has returned.
  ///
  /// - Throws: ``SystemError`` if the kernel has no room for one more.
  init(of descriptor: Int32) throws(SystemError) {
    self.descriptor = descriptor
    poller = try Poller.shared()
    let token = try poller.register(self, for: descriptor)
    state.withLock { $0.token = token }
  }

  /// Returns once the socket may be ready, or the task is cancelled. The caller tries again.
  func wait(for direction: Direction) async {
    await withTaskCancellationHandler {
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
        if hasChanged {
          continuation.resume()
        } else if Task.isCancelled {
          // The handler below may have run before there was a task to wake.
          end(direction, leaving: nil)
        }
      }
    } onCancel: {
      end(direction, leaving: nil)
    }
  }

  /// Whether a task waits for `direction`.
  func isAwaited(for direction: Direction) -> Bool {
    state.withLock { state in
      if case .awaited = state[direction] { true } else { false }
    }
  }

  /// Notes a change: wakes the task that waits for it, or else remembers it.
  func note(_ direction: Direction) {
    end(direction, leaving: .changed)
  }

  /// Stops watching. Afterwards the descriptor may be closed, and no task may wait.
  func cancel() {
    let token = state.withLock { state in
      defer { state.token = nil }
      return state.token
    }
    if let token { poller.unregister(token, of: descriptor) }
  }

  /// Wakes the task that waits, if one does; otherwise leaves `condition`, unless it is nil.
  private func end(_ direction: Direction, leaving condition: Condition?) {
    let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard case .awaited(let continuation) = state[direction] else {
        if let condition { state[direction] = condition }
        return nil
      }
      state[direction] = .unchanged
      return continuation
    }
    waiting?.resume()
  }
}
