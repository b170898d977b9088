// How long an agency goes on: it makes attempts until one works, until an error shows that no retry
// can help, or until there has been no progress for too long.
//
// Progress is what the server has done for the agency: it stored bets, confirmed FINISHED, sent
// winners or a line back. A connection or a WELCOME is not progress: the agency gives up on a
// server that does nothing else.
//
// The limit counts the time in which the agency waits for the server, and the delays before a
// retry. It does not count the agency's own work, such as reading its file, nor the wait for the
// draw. So each wait gets the time that is left as its deadline, and adds what it took. A wait that
// ends much later than its deadline adds nothing: the process was stopped meanwhile (SIGSTOP, a
// suspended machine), and that is not the server's time. If it brought nothing, it is repeated.

import LotteryProtocol
import ProcessSupport

/// How long an agency retries.
struct RetryPolicy: Sendable, Equatable {
  /// How long to go on without progress. Zero means one attempt and no retry.
  var limit = Duration.seconds(60)
  /// Initial retry delay.
  var pause = Duration.milliseconds(100)
  /// Maximum retry delay. The delay doubles up to this value.
  var maxPause = Duration.seconds(5)

  /// How long the agency may wait for the server without progress. A single attempt, without
  /// retries, has a limit of its own.
  var waitLimit: Duration { limit == .zero ? .seconds(5) : limit }
}

/// The attempts of one agency, made by one task.
final class Attempts {
  private let policy: RetryPolicy
  private let log: Log
  private let now: () -> ContinuousClock.Instant
  private let sleep: (_ until: ContinuousClock.Instant) async throws -> Void
  /// The next delay, of which half is random.
  private var fullPause: Duration
  /// Time that counts since the last progress.
  private var elapsed = Duration.zero
  /// What ended the last attempt. Nil after progress.
  private var lastFailure: AgencyError?

  /// - Parameter clock: measures the waits and the delays.
  init<C: Clock>(
    _ policy: RetryPolicy, log: Log, clock: C = ContinuousClock()
  ) where C.Instant == ContinuousClock.Instant {
    self.policy = policy
    self.log = log
    now = { clock.now }
    sleep = { try await clock.sleep(until: $0, tolerance: nil) }
    fullPause = policy.pause
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

  /// Waits for the server: `body` returns when `event` has happened, or returns nil at the time
  /// that it is given. It is called again if the process was stopped until after that time.
  ///
  /// - Parameter isLimited: false if `body` waits as long as it takes. That time does not count.
  func wait<Value>(
    for event: String, isLimited: Bool = true,
    _ body: (_ deadline: ContinuousClock.Instant) async throws(AgencyError) -> Value?
  ) async throws(AgencyError) -> Value {
    for _ in 0...Self.stopLimit {
      let start = now()
      let deadline = start + max(.zero, policy.waitLimit - elapsed)
      defer { if isLimited { count(from: start, until: deadline) } }
      if let value = try await body(deadline) { return value }
      if !wasStopped(at: deadline) { break }
    }
    let before = lastFailure.map { "; before that, \($0)" } ?? ""
    throw .gaveUp(after: policy.waitLimit.goText, .noAnswer(waitedFor: event + before))
  }

  /// Notes progress: the limit and the delays begin again.
  func noteProgress() {
    elapsed = .zero
    lastFailure = nil
    fullPause = policy.pause
  }

  /// Counts a wait that began at `start`, unless the process was stopped at its `deadline`.
  private func count(from start: ContinuousClock.Instant, until deadline: ContinuousClock.Instant) {
    if !wasStopped(at: deadline) { elapsed += start.duration(to: now()) }
  }

  /// Whether the process was stopped at `deadline`, so that a wait could not end then.
  private func wasStopped(at deadline: ContinuousClock.Instant) -> Bool {
    deadline + Self.tolerance < now()
  }

  /// How late a wait may end in a process that runs: many times ``Poller/tick``.
  static let tolerance = Duration.seconds(1)
  /// How often a wait is repeated: on a machine that is always late, the agency gives up too.
  static let stopLimit = 10

  /// Sleeps before the retry that `error` calls for.
  private func pause(after error: AgencyError) async throws(AgencyError) {
    guard error.isTransient else { throw error }
    lastFailure = error
    var generator = SystemRandomNumberGenerator()
    let pause = nextPause(using: &generator)
    guard elapsed + pause <= policy.limit else {
      let milliseconds = Duration.milliseconds(elapsed.nanoseconds / 1_000_000)
      throw .gaveUp(after: milliseconds.goText, error)
    }
    log.warning(LogLine("retry", .inProgress, ["pause": pause.goText, "error": error.description]))
    let start = now()
    defer { count(from: start, until: start + pause) }
    do { try await sleep(start + pause) } catch { throw .cancelled }
  }

  /// Returns the next delay: exponential, with jitter, so that agencies that lost their server at
  /// the same moment do not all connect again at the same moment.
  func nextPause(using generator: inout some RandomNumberGenerator) -> Duration {
    defer { fullPause = min(fullPause * 2, max(policy.pause, policy.maxPause)) }
    return fullPause * Double.random(in: 0.5...1, using: &generator)
  }
}
