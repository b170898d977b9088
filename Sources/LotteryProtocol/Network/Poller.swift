import CLinux
import Dispatch
import Synchronization

/// Tells when descriptors become ready: one thread of the process waits for all of them (epoll(7)).
///
/// A descriptor is registered once, for reading and writing, before anybody waits for it, and
/// unregistered before it is closed. Registration is edge-triggered: the kernel reports a change
/// once, and ``Readiness`` remembers it until a task asks.
///
/// The kernel may hand out an event in the same batch in which its descriptor is closed, and the
/// number of that descriptor may belong to another connection by then. So events carry a token
/// that is never used twice, instead of the descriptor or a pointer. An event whose token is no
/// longer registered does nothing.
final class Poller: Sendable {
  private struct State {
    var watched: [UInt64: Readiness] = [:]
    var nextToken: UInt64 = 0
  }

  private let descriptor: Int32
  private let state = Mutex(State())

  /// Events taken from the kernel in one call.
  private static let eventsPerCall = 256

  private static let instance = Mutex<Poller?>(nil)

  /// Returns the poller of this process, which lives as long as the process.
  ///
  /// - Throws: ``SystemError`` if there is no descriptor or memory for it. A later call tries again.
  static func shared() throws(SystemError) -> Poller {
    try instance.withLock { instance throws(SystemError) in
      if let poller = instance { return poller }
      let poller = try Poller()
      poller.start()
      instance = poller
      return poller
    }
  }

  private init() throws(SystemError) {
    descriptor = try SystemError.check("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) }
  }

  /// Reports changes of `descriptor` to `readiness` from now on, beginning with its present state.
  ///
  /// - Returns: the token for ``unregister(_:of:)``.
  /// - Throws: ``SystemError`` if the kernel has no room for one more (epoll_ctl(2)).
  func register(_ readiness: Readiness, for descriptor: Int32) throws(SystemError) -> UInt64 {
    let token = state.withLock { state in
      state.nextToken += 1
      state.watched[state.nextToken] = readiness
      return state.nextToken
    }
    var event = epoll_event()
    event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLET.rawValue
    event.data.u64 = token
    do throws(SystemError) {
      try SystemError.check("epoll_ctl") {
        epoll_ctl(self.descriptor, EPOLL_CTL_ADD, descriptor, &event)
      }
    } catch {
      state.withLock { $0.watched[token] = nil }
      throw error
    }
    return token
  }

  /// Reports nothing more for `token`. Afterwards `descriptor` may be closed.
  func unregister(_ token: UInt64, of descriptor: Int32) {
    state.withLock { $0.watched[token] = nil }
    var unused = epoll_event()
    // It fails only for a descriptor that is not registered, which is what is wanted.
    _ = epoll_ctl(self.descriptor, EPOLL_CTL_DEL, descriptor, &unused)
  }

  /// A Dispatch queue without a target has a thread of its own for as long as it is busy.
  private func start() {
    DispatchQueue(label: "poller").async { self.run() }
  }

  private func run() -> Never {
    var events = [epoll_event](repeating: epoll_event(), count: Self.eventsPerCall)
    while true {
      let count = wait(for: &events)
      let changed = state.withLock { state in
        events[..<count].compactMap { event in
          state.watched[event.data.u64].map { ($0, event.events) }
        }
      }
      for (readiness, events) in changed {
        // A broken connection concerns both directions: either call reports the error.
        let isBroken = events & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        if isBroken || events & EPOLLIN.rawValue != 0 { readiness.note(.reading) }
        if isBroken || events & EPOLLOUT.rawValue != 0 { readiness.note(.writing) }
      }
    }
  }

  private func wait(for events: inout [epoll_event]) -> Int {
    do throws(SystemError) {
      let capacity = Int32(events.count)
      return Int(
        try SystemError.check("epoll_wait") { epoll_wait(descriptor, &events, capacity, -1) })
    } catch {
      // Besides EINTR, epoll_wait(2) fails only for arguments that are wrong.
      fatalError("\(error)")
    }
  }
}
