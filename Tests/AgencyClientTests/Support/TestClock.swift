import Synchronization

/// A clock whose time passes only as a test says: through ``advance(by:)``, or to the earliest
/// deadline once so many tasks sleep that nothing else can happen.
final class TestClock: Clock {
  typealias Instant = ContinuousClock.Instant

  private struct State {
    var now = ContinuousClock.now
    var sleepers: [UInt64: (deadline: Instant, continuation: UnsafeContinuation<Void, Never>)] = [:]
    var nextID: UInt64 = 0
  }

  private let state = Mutex(State())
  private let sleepersToAdvance: Int

  /// A clock that advances by itself once `sleepers` tasks sleep; by default only by hand.
  init(advancingAt sleepers: Int = .max) {
    sleepersToAdvance = sleepers
  }

  var now: Instant { state.withLock { $0.now } }
  var minimumResolution: Duration { .zero }

  /// Lets time pass, and wakes the tasks that have slept enough.
  func advance(by duration: Duration) {
    wake { $0.now += duration }
  }

  func sleep(until deadline: Instant, tolerance: Duration?) async throws {
    let id = state.withLock { state in
      state.nextID += 1
      return state.nextID
    }
    await withTaskCancellationHandler {
      await withUnsafeContinuation { continuation in
        wake { state in
          state.sleepers[id] = (deadline, continuation)
          guard state.sleepers.count >= sleepersToAdvance else { return }
          state.now = max(state.now, state.sleepers.values.map(\.deadline).min() ?? state.now)
        }
        // Cancelled before there was a sleeper: then the handler below came too early.
        if Task.isCancelled { cancel(id) }
      }
    } onCancel: {
      cancel(id)
    }
    try Task.checkCancellation()
  }

  private func wake(after change: (inout State) -> Void) {
    let due = state.withLock { state in
      change(&state)
      let now = state.now
      let due = state.sleepers.filter { $0.value.deadline <= now }
      for id in due.keys { state.sleepers[id] = nil }
      return due.values.map(\.continuation)
    }
    for continuation in due { continuation.resume() }
  }

  private func cancel(_ id: UInt64) {
    state.withLock { $0.sleepers.removeValue(forKey: id)?.continuation }?.resume()
  }
}
