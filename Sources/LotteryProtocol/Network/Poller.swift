import CLinux
import Dispatch
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
    /// The token of the ``Poller``. Nil before the registration and after ``cancel()``.
    var token: UInt64?
    var watchesWriting: Bool
    var isBroken = false
    var onBreak: (@Sendable () -> Void)?
  }

  private let state: Mutex<State>
  private let poller: Poller
  private let descriptor: Int32
  /// Nanoseconds since ``start``; 0 without a deadline.
  private let deadlineTime = Atomic(0)
  private static let start = ContinuousClock.now

  /// Watches `descriptor`, which must stay open until ``cancel()`` has returned.
  package init(of descriptor: Int32, writing: Bool = false) throws(SystemError) {
    state = Mutex(State(watchesWriting: writing))
    self.descriptor = descriptor
    poller = try Poller.shared()
    let token = try poller.register(self, for: descriptor, writing: writing)
    state.withLock { $0.token = token }
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
        switch state.conditions[direction.rawValue] {
        case .unchanged:
          state.conditions[direction.rawValue] = .awaited(continuation)
          return false
        case .changed:
          state.conditions[direction.rawValue] = .unchanged
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
  fileprivate func noteBreak() {
    let action = state.withLock { state in
      state.isBroken = true
      return state.onBreak
    }
    wake()
    action?()
  }

  func isAwaited(for direction: Direction) -> Bool {
    state.withLock { state in
      if case .awaited = state.conditions[direction.rawValue] { true } else { false }
    }
  }

  /// Notes a change: resumes the waiter, or remembers the change if there is none.
  func note(_ direction: Direction) {
    let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
      guard case .awaited(let continuation) = state.conditions[direction.rawValue] else {
        state.conditions[direction.rawValue] = .changed
        return nil
      }
      state.conditions[direction.rawValue] = .unchanged
      return continuation
    }
    waiting?.resume()
  }

  /// Stops watching. Then the caller closes the descriptor, and no task may wait.
  package func cancel() {
    if let token = state.withLock({ $0.token.take() }) { poller.unregister(token) }
  }
}

/// Reports when descriptors become ready. One thread of the process waits for all of them
/// (epoll(7)).
///
/// A descriptor is registered before a task waits for it, and stays so until it is closed.
/// The registration is edge-triggered: the kernel reports each change once, and ``Readiness``
/// remembers it until a task asks. So a wait needs no system call for the registration, except the
/// first wait for writing: an accepted connection is registered for reading only, because most
/// connections never wait for room to write.
///
/// An event may be stale. epoll_wait(2) returns events in batches, and by the time an event is
/// handled its descriptor may be closed, and the number reused by another connection. So an event
/// carries neither the descriptor nor a pointer, but a token that is never used twice. A token that
/// is not registered any more is ignored.
final class Poller: Sendable {
  private struct State {
    var watched: [UInt64: Readiness] = [:]
    /// The last token that was given out. Only grows: no token is used twice.
    var lastToken: UInt64 = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  /// The time between two looks at the deadlines of all descriptors: a comparison for each, and no
  /// timer.
  static let tick = Duration.milliseconds(200)

  private static let eventsPerCall = 256

  private static let instance = Mutex<Poller?>(nil)

  /// Returns the poller of this process, which lives as long as the process. If there is no
  /// descriptor or memory for it, a later call retries.
  static func shared() throws(SystemError) -> Poller {
    try instance.withLock { instance throws(SystemError) in
      if let poller = instance { return poller }
      let poller = try Poller()
      instance = poller
      return poller
    }
  }

  private init() throws(SystemError) {
    descriptor = try SystemError.check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
    // A queue without a target has a thread of its own while it is busy, which is always.
    DispatchQueue(label: "poller").async { self.run() }
  }

  /// Reports the present state of `descriptor` and its changes from now on to `readiness`.
  /// - Parameter writing: whether to report also that it can be written to. If not,
  ///   ``watchWriting(_:of:)`` may ask for it later.
  /// - Returns: the token for ``unregister(_:)``.
  fileprivate func register(
    _ readiness: Readiness, for descriptor: Int32, writing: Bool
  ) throws(SystemError) -> UInt64 {
    let token = state.withLock { state in
      state.lastToken += 1
      state.watched[state.lastToken] = readiness
      return state.lastToken
    }
    try onError({ unregister(token) }) { () throws(SystemError) in
      try control(EPOLL_CTL_ADD, descriptor, writing ? EPOLLOUT.rawValue : 0, token)
    }
    return token
  }

  /// Reports from now on, and once at once, also whether `descriptor` can be written to.
  fileprivate func watchWriting(_ token: UInt64, of descriptor: Int32) {
    // Fails only if the descriptor is not registered.
    try? control(EPOLL_CTL_MOD, descriptor, EPOLLOUT.rawValue, token)
  }

  private func control(
    _ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ token: UInt64
  ) throws(SystemError) {
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | events | EPOLLET.rawValue
    event.data.u64 = token
    try SystemError.check("epoll_ctl") {
      epoll_ctl(self.descriptor, operation, descriptor, &event)
    }
  }

  /// Stops reporting for `token`. The kernel forgets a descriptor when it is closed, and its last
  /// duplicate with it: until then, events carry a token that is ignored.
  fileprivate func unregister(_ token: UInt64) {
    state.withLock { $0.watched[token] = nil }
  }

  private func run() -> Never {
    var events = [epoll_event](repeating: epoll_event(), count: Self.eventsPerCall)
    let limit = Int32(Self.tick.nanoseconds / 1_000_000)
    var nextTick = ContinuousClock.now + Self.tick
    while true {
      let count: Int
      do throws(SystemError) {
        count = Int(
          try SystemError.check("epoll_wait") {
            epoll_wait(descriptor, &events, Int32(Self.eventsPerCall), limit)
          })
      } catch {
        // Apart from EINTR, epoll_wait(2) fails only for wrong arguments.
        fatalError("\(error)")
      }
      let now = ContinuousClock.now
      if now >= nextTick {
        nextTick = now + Self.tick
        let overdue = state.withLock { $0.watched.values.filter { $0.isOverdue(at: now) } }
        for readiness in overdue { readiness.wake() }
      }
      let changed = state.withLock { state in
        events[..<count].compactMap { event in
          state.watched[event.data.u64].map { ($0, event.events) }
        }
      }
      for (readiness, events) in changed {
        // A broken connection concerns both directions: recv(2) and send(2) both report the error.
        if events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0 { readiness.noteBreak() }
        if events & EPOLLIN.rawValue != 0 { readiness.note(.reading) }
        if events & EPOLLOUT.rawValue != 0 { readiness.note(.writing) }
      }
    }
  }
}
