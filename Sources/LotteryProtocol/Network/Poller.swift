import CLinux
import Dispatch
import Synchronization

/// Reports when descriptors become ready. One thread of the process waits for all of them
/// (epoll(7)).
///
/// A descriptor is registered before a task waits for it, and is unregistered before it is closed.
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
    /// The readiness of each registered token.
    var watched: [UInt64: Readiness] = [:]
    /// The last token that was given out. Only grows: no token is used twice.
    var lastToken: UInt64 = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  /// The time between two looks at the deadlines of all descriptors: a comparison for each, and no
  /// timer.
  static let tick = Duration.milliseconds(200)

  /// The most events that one epoll_wait(2) returns.
  private static let eventsPerCall = 256

  private static let instance = Mutex<Poller?>(nil)

  /// Returns the poller of this process, which lives as long as the process.
  /// If there is no descriptor or memory for it, a later call retries.
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
  ///
  /// - Parameter writing: whether to report also that it can be written to. If not,
  ///   ``watchWriting(_:of:)`` may ask for it later.
  /// - Returns: the token for ``unregister(_:of:closing:)``.
  func register(
    _ readiness: Readiness, for descriptor: Int32, writing: Bool
  ) throws(SystemError) -> UInt64 {
    let token = state.withLock { state in
      state.lastToken += 1
      state.watched[state.lastToken] = readiness
      return state.lastToken
    }
    try onError({ state.withLock { $0.watched[token] = nil } }) { () throws(SystemError) in
      let events = writing ? EPOLLIN.rawValue | EPOLLOUT.rawValue : EPOLLIN.rawValue
      try control(EPOLL_CTL_ADD, descriptor, events, token)
    }
    return token
  }

  /// Reports from now on, and once at once, also whether `descriptor` can be written to: few
  /// connections ever need to know.
  func watchWriting(_ token: UInt64, of descriptor: Int32) {
    // Fails only if the descriptor is not registered.
    try? control(EPOLL_CTL_MOD, descriptor, EPOLLIN.rawValue | EPOLLOUT.rawValue, token)
  }

  private func control(
    _ operation: Int32, _ descriptor: Int32, _ events: UInt32, _ token: UInt64
  ) throws(SystemError) {
    var event = epoll_event()
    event.events = events | EPOLLET.rawValue
    event.data.u64 = token
    try SystemError.check("epoll_ctl") {
      epoll_ctl(self.descriptor, operation, descriptor, &event)
    }
  }

  /// Stops reporting for `token`. The caller may close `descriptor` afterwards.
  ///
  /// - Parameter closing: whether that closes it for good: then the kernel forgets it by itself.
  func unregister(_ token: UInt64, of descriptor: Int32, closing: Bool) {
    state.withLock { $0.watched[token] = nil }
    if closing { return }
    var unused = epoll_event()
    // Fails only if the descriptor is not registered, which is the purpose.
    _ = epoll_ctl(self.descriptor, EPOLL_CTL_DEL, descriptor, &unused)
  }

  private func run() -> Never {
    var events = [epoll_event](repeating: epoll_event(), count: Self.eventsPerCall)
    var nextTick = ContinuousClock.now + Self.tick
    while true {
      let count = wait(for: &events)
      let now = ContinuousClock.now
      if now >= nextTick {
        nextTick = now + Self.tick
        let watched = state.withLock { $0.watched.values.filter { $0.isOverdue(at: now) } }
        for readiness in watched { readiness.wake() }
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

  private func wait(for events: inout [epoll_event]) -> Int {
    do throws(SystemError) {
      let capacity = Int32(events.count)
      let limit = Int32(Self.tick.nanoseconds / 1_000_000)
      return Int(
        try SystemError.check("epoll_wait") { epoll_wait(descriptor, &events, capacity, limit) })
    } catch {
      // Apart from EINTR, epoll_wait(2) fails only for wrong arguments.
      fatalError("\(error)")
    }
  }
}
