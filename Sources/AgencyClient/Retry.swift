import LotteryCore
import ProcessSupport
import Synchronization

/// Tries until it works, until that is hopeless, or until there has been no progress for too long.
///
/// Progress is what the server has done for the agency: stored bets, confirmed their end, sent a
/// line back. A connection or a WELCOME is none: a server that does nothing else is given up.
///
/// Time counts while the agency waits for the server and while it pauses before a retry. The
/// agency's own work, such as reading its file, does not count, and neither does the wait for the
/// draw.
final class Persistence: Sendable {
  typealias Instant = ContinuousClock.Instant

  private struct State {
    var backoff: Backoff
    /// Time that counts since the last progress, without the wait that is going on.
    var elapsed = Duration.zero
    /// What the agency is waiting for, and since when.
    var wait: (event: String, start: Instant)?
    /// What ended the last attempt, unless there has been progress since then.
    var lastFailure: AgencyError?
    /// Why the work was cancelled, if this did it.
    var expiry: AgencyError?
  }

  private let policy: RetryPolicy
  private let log: Log
  private let now: @Sendable () -> Instant
  private let state: Mutex<State>

  /// How often ``expire()`` looks whether the agency waits again, at most.
  private static let resolution = Duration.milliseconds(10)

  /// Persistence that ends as `policy` says.
  ///
  /// - Parameter now: the clock.
  init(_ policy: RetryPolicy, log: Log, now: @escaping @Sendable () -> Instant = { .now }) {
    self.policy = policy
    self.log = log
    self.now = now
    state = Mutex(State(backoff: Backoff(first: policy.pause, longest: policy.maxPause)))
  }

  /// Runs `work`, whose waits for the server are bounded by the limit.
  ///
  /// - Throws: what `work` throws; ``AgencyError/gaveUp(after:_:)`` if it had to be cancelled.
  func run(
    _ work: @escaping @Sendable (Persistence) async throws(AgencyError) -> Void
  ) async throws(AgencyError) {
    let outcome = await withTaskGroup(of: Result<Void, AgencyError>?.self) { group in
      group.addTask {
        do throws(AgencyError) {
          return .success(try await work(self))
        } catch {
          return .failure(self.cause(of: error))
        }
      }
      group.addTask {
        await self.expire()
        return nil
      }
      var outcome: Result<Void, AgencyError>?
      for await ended in group {
        outcome = ended ?? outcome
        // Either the work has ended, or its time is up.
        group.cancelAll()
      }
      return outcome
    }
    try outcome?.get()
  }

  /// Waits for the server: `body` returns once `event` is there.
  ///
  /// - Throws: what `body` throws; ``AgencyError/gaveUp(after:_:)`` if that takes too long.
  func wait<Value>(
    for event: String, _ body: () async throws(AgencyError) -> Value
  ) async throws(AgencyError) -> Value {
    let start = now()
    state.withLock { $0.wait = (event, start) }
    defer {
      let end = now()
      state.withLock { state in
        state.elapsed += start.duration(to: end)
        state.wait = nil
      }
    }
    do throws(AgencyError) {
      return try await body()
    } catch {
      throw cause(of: error)
    }
  }

  /// Notes progress: the limit and the pauses begin again.
  func noteProgress() {
    state.withLock { state in
      state.elapsed = .zero
      state.lastFailure = nil
      state.backoff.reset()
    }
  }

  /// Waits before the next attempt, because of `error`.
  ///
  /// - Throws: `error` if a retry cannot mend it, ``AgencyError/gaveUp(after:_:)`` if there has been
  ///   no progress for too long, ``AgencyError/cancelled``.
  func pause(after error: AgencyError) async throws(AgencyError) {
    guard error.isTransient else { throw error }
    let (elapsed, pause) = state.withLock { state in
      state.lastFailure = error
      var generator = SystemRandomNumberGenerator()
      return (state.elapsed, state.backoff.pause(using: &generator))
    }
    guard elapsed + pause <= policy.limit else {
      throw .gaveUp(after: policy.limit.goText, error)
    }
    log.warning(LogLine("retry", .inProgress, ["pause": pause.goText, "error": error.description]))
    let start = now()
    do {
      try await Task.sleep(for: pause)
    } catch {
      throw cause(of: .cancelled)
    }
    let end = now()
    state.withLock { $0.elapsed += start.duration(to: end) }
  }

  /// Returns when the limit is reached, or the task is cancelled.
  private func expire() async {
    while let next = nextCheck() {
      do {
        try await Task.sleep(until: next)
      } catch {
        return
      }
    }
  }

  /// The earliest time at which the limit can be reached, or nil if it has been.
  private func nextCheck() -> Instant? {
    let now = now()
    return state.withLock { state in
      let rest = policy.waitLimit - state.elapsed
      guard let (event, start) = state.wait else { return now + max(rest, Self.resolution) }
      if start + rest > now { return start + rest }
      let failure = state.lastFailure.map { "; before that, \($0)" } ?? ""
      state.expiry = .gaveUp(
        after: policy.waitLimit.goText, .noAnswer(waitedFor: event + failure))
      return nil
    }
  }

  /// Tells a cancellation by the limit from one by a signal.
  private func cause(of error: AgencyError) -> AgencyError {
    guard error == .cancelled else { return error }
    return state.withLock { $0.expiry } ?? error
  }
}

/// How long an agency tries again.
struct RetryPolicy: Sendable, Equatable {
  /// Give up after that long without progress; zero means one attempt and no retry.
  var limit = Duration.seconds(60)
  /// The first pause.
  var pause = Duration.milliseconds(100)
  /// The longest pause.
  var maxPause = Duration.seconds(5)

  /// How long the only attempt may wait without progress if there is no retry.
  static let singleAttempt = Duration.seconds(5)

  /// How long the agency may wait for the server without progress.
  var waitLimit: Duration { limit == .zero ? Self.singleAttempt : limit }
}

/// How long to wait before trying again: longer each time, and never quite the same, so that
/// agencies that lost their server together do not all come back together.
struct Backoff {
  private let first: Duration
  private let longest: Duration
  private var next: Duration

  /// Pauses that begin at `first` and double up to `longest`.
  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = max(first, longest)
    next = first
  }

  /// The next pause: half of it fixed, half drawn by lot.
  mutating func pause(using generator: inout some RandomNumberGenerator) -> Duration {
    defer { next = min(next * 2, longest) }
    return next * Double.random(in: 0.5...1, using: &generator)
  }

  /// Begins again because something went well.
  mutating func reset() {
    next = first
  }
}
