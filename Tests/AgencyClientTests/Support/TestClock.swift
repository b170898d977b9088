import LotteryProtocol
import Synchronization

/// A clock whose time passes only as a test says: through ``advance(by:)``, or to its deadline as
/// soon as a task sleeps.
final class TestClock: Clock {
  typealias Instant = ContinuousClock.Instant

  private struct State {
    var now = ContinuousClock.now
    var sleepers: [(deadline: Instant, promise: Promise<Void>)] = []
  }

  private let state = Mutex(State())
  private let skipsSleep: Bool

  /// A clock that advances by itself once a task sleeps, or only by hand.
  init(skipsSleep: Bool = true) {
    self.skipsSleep = skipsSleep
  }

  var now: Instant { state.withLock { $0.now } }
  var minimumResolution: Duration { .zero }

  /// Lets time pass, and wakes the tasks that have slept enough.
  func advance(by duration: Duration) {
    wake { $0.now += duration }
  }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    let promise = Promise<Void>()
    wake { state in
      state.sleepers.append((deadline, promise))
      if skipsSleep { state.now = max(state.now, deadline) }
    }
    _ = await promise.wait()
    try Task.checkCancellation()
  }

  private func wake(after change: (inout State) -> Void) {
    let due = state.withLock { state in
      change(&state)
      let now = state.now
      defer { state.sleepers.removeAll { $0.deadline <= now } }
      return state.sleepers.filter { $0.deadline <= now }
    }
    for sleeper in due { sleeper.promise.fulfill(()) }
  }
}
