import LotteryCore
import ProcessSupport
import Synchronization

/// Retries what an agency does until it works, until an error shows that no retry can help, or
/// until there has been no progress for too long.
///
/// Progress is what the server has done for the agency: it stored bets, confirmed FINISHED, sent
/// winners or a line back. A connection or a WELCOME is not progress: the agency gives up on a
/// server that does nothing else.
///
/// The limit counts the time in which the agency waits for the server, and the delays before a
/// retry. It does not count the agency's own work, such as reading its file, nor the wait for the
/// draw.
///
/// ``run(_:)`` sets the limit up, ``wait(for:_:)`` marks each wait that counts, and
/// ``retrying(_:)`` makes one attempt after another.
final class Retry: Sendable {
  /// Times are durations since this was made.
  private struct State {
    var backoff: Backoff
    /// Time that counts since the last progress, except for the wait in progress.
    var elapsed = Duration.zero
    /// The wait in progress, of which there is at most one: what for, and since when.
    var wait: (event: String, start: Duration)?
    /// What ended the last attempt. Nil after progress.
    var lastFailure: AgencyError?
    /// Why ``Retry`` cancelled the work. Nil until the limit is reached, and then never again.
    var expiry: AgencyError?
  }

  private let policy: RetryPolicy
  private let log: Log
  private let now: @Sendable () -> Duration
  private let sleep: @Sendable (_ until: Duration) async throws -> Void
  private let state: Mutex<State>

  /// The shortest interval at which ``expire()`` checks whether the agency waits again.
  private static let resolution = Duration.milliseconds(10)

  /// Creates a retry that has seen no failure yet.
  ///
  /// - Parameter clock: measures the time and the delays.
  init(_ policy: RetryPolicy, log: Log, clock: some Clock<Duration> = ContinuousClock()) {
    self.policy = policy
    self.log = log
    let origin = clock.now
    now = { origin.duration(to: clock.now) }
    sleep = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    state = Mutex(State(backoff: Backoff(first: policy.pause, longest: policy.maxPause)))
  }

  /// Runs `work`, and cancels it if it waits for the server for longer than the limit allows.
  ///
  /// - Throws: what `work` throws. ``AgencyError/gaveUp(after:_:)`` if it was cancelled because of
  ///   the limit.
  func run(
    _ work: @escaping @Sendable () async throws(AgencyError) -> Void
  ) async throws(AgencyError) {
    let outcome = await withTaskGroup(of: Result<Void, AgencyError>?.self) { group in
      group.addTask {
        do throws(AgencyError) {
          return .success(try await work())
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
        // Either the work has ended or the limit is reached.
        group.cancelAll()
      }
      return outcome
    }
    try outcome?.get()
  }

  /// Makes attempts until one returns, with a delay before each retry.
  ///
  /// - Throws: the error of the last attempt if a retry cannot help,
  ///   ``AgencyError/gaveUp(after:_:)`` if there has been no progress for too long,
  ///   ``AgencyError/cancelled``.
  func retrying<Value>(
    _ attempt: () async throws(AgencyError) -> Value
  ) async throws(AgencyError) -> Value {
    while true {
      do throws(AgencyError) {
        return try await attempt()
      } catch {
        try await pause(after: error)
      }
    }
  }

  /// Waits for the server: `body` returns when `event` has happened.
  ///
  /// - Throws: what `body` throws. ``AgencyError/gaveUp(after:_:)`` if that takes too long.
  func wait<Value>(
    for event: String, _ body: () async throws(AgencyError) -> Value
  ) async throws(AgencyError) -> Value {
    let start = now()
    state.withLock { $0.wait = (event, start) }
    defer {
      let end = now()
      state.withLock { state in
        state.elapsed += end - start
        state.wait = nil
      }
    }
    return try await mapError(cause, body)
  }

  /// What the agency is waiting for, or nil if it is not waiting.
  var awaited: String? { state.withLock { $0.wait?.event } }

  /// Notes progress: the limit and the delays begin again.
  func noteProgress() {
    state.withLock { state in
      state.elapsed = .zero
      state.lastFailure = nil
      state.backoff.reset()
    }
  }

  /// Sleeps before the retry that `error` calls for.
  private func pause(after error: AgencyError) async throws(AgencyError) {
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
    try await mapError({ _ in cause(of: .cancelled) }) { try await sleep(start + pause) }
    let end = now()
    state.withLock { $0.elapsed += end - start }
  }

  /// Returns when the limit is reached or the task is cancelled.
  private func expire() async {
    while let next = nextCheck() {
      guard (try? await sleep(next)) != nil else { return }
    }
  }

  /// The earliest time at which the limit can be reached, or nil if it has been.
  private func nextCheck() -> Duration? {
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

  /// Tells a cancellation because of the limit from one because of a signal.
  private func cause(of error: AgencyError) -> AgencyError {
    guard error == .cancelled else { return error }
    return state.withLock { $0.expiry } ?? error
  }
}

/// How long an agency retries.
struct RetryPolicy: Sendable, Equatable {
  /// How long to go on without progress. Zero means one attempt and no retry.
  var limit = Duration.seconds(60)
  /// Initial retry delay.
  var pause = Duration.milliseconds(100)
  /// Maximum retry delay. The delay doubles up to this value.
  var maxPause = Duration.seconds(5)

  /// How long a single attempt, without retries, may wait without progress.
  static let singleAttempt = Duration.seconds(5)

  /// How long the agency may wait for the server without progress.
  var waitLimit: Duration { limit == .zero ? Self.singleAttempt : limit }
}

/// The delays before retries: exponential, with jitter, so that agencies that lost their server at
/// the same moment do not all connect again at the same moment.
struct Backoff {
  private let first: Duration
  private let longest: Duration
  private var next: Duration

  /// Creates delays that begin at `first` and double up to `longest`.
  init(first: Duration, longest: Duration) {
    self.first = first
    self.longest = max(first, longest)
    next = first
  }

  /// Returns the next delay: half of it fixed, half random.
  mutating func pause(using generator: inout some RandomNumberGenerator) -> Duration {
    defer { next = min(next * 2, longest) }
    return next * Double.random(in: 0.5...1, using: &generator)
  }

  /// Begins again at the first delay.
  mutating func reset() {
    next = first
  }
}
