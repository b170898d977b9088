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
// ends much later than its deadline adds nothing and may be repeated: the process was stopped
// meanwhile (SIGSTOP, a suspended machine), and that is not the server's time.

import LotteryProtocol
import ProcessSupport

/// The attempts of one agency, made by one task.
final class Attempts {
  private let policy: RetryPolicy
  private let log: Log
  private let now: () -> Duration
  private let sleep: (_ until: Duration) async throws -> Void
  private var backoff: Backoff
  /// Time that counts since the last progress.
  private var elapsed = Duration.zero
  /// What ended the last attempt. Nil after progress.
  private var lastFailure: AgencyError?

  /// Attempts that have seen no failure yet.
  ///
  /// - Parameter clock: measures the waits and the delays.
  init(_ policy: RetryPolicy, log: Log, clock: some Clock<Duration> = ContinuousClock()) {
    self.policy = policy
    self.log = log
    let origin = clock.now
    now = { origin.duration(to: clock.now) }
    sleep = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    backoff = Backoff(first: policy.pause, longest: policy.maxPause)
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

  /// Waits for the server: `body` returns when `event` has happened, or throws at the time that it
  /// is given. It is called again if the process was stopped until after that time.
  ///
  /// - Parameter isLimited: false if `body` waits as long as it takes. That time does not count.
  func wait<Value>(
    for event: String, isLimited: Bool = true,
    _ body: (_ deadline: ContinuousClock.Instant) async throws(WaitFailure) -> Value
  ) async throws(AgencyError) -> Value {
    while true {
      let (start, deadline) = (now(), ContinuousClock.now + max(.zero, policy.waitLimit - elapsed))
      do throws(WaitFailure) {
        defer { if isLimited, !wasStopped(at: deadline) { elapsed += now() - start } }
        return try await body(deadline)
      } catch {
        switch error {
        case .ended(let error): throw error
        case .timedOut where wasStopped(at: deadline): continue
        case .timedOut:
          let before = lastFailure.map { "; before that, \($0)" } ?? ""
          throw .gaveUp(after: policy.waitLimit.goText, .noAnswer(waitedFor: event + before))
        }
      }
    }
  }

  /// Notes progress: the limit and the delays begin again.
  func noteProgress() {
    elapsed = .zero
    lastFailure = nil
    backoff.reset()
  }

  /// Whether the process was stopped at `deadline`, so that a wait could not end then.
  private func wasStopped(at deadline: ContinuousClock.Instant) -> Bool {
    deadline + Self.tolerance < .now
  }

  /// How late a wait may end in a process that runs: many times ``Poller/tick``.
  static let tolerance = Duration.seconds(1)

  /// Sleeps before the retry that `error` calls for.
  private func pause(after error: AgencyError) async throws(AgencyError) {
    guard error.isTransient else { throw error }
    lastFailure = error
    var generator = SystemRandomNumberGenerator()
    let pause = backoff.pause(using: &generator)
    guard elapsed + pause <= policy.limit else {
      throw .gaveUp(after: elapsed.inMilliseconds.goText, error)
    }
    log.warning(LogLine("retry", .inProgress, ["pause": pause.goText, "error": error.description]))
    let start = now()
    let deadline = ContinuousClock.now + pause
    defer { if !wasStopped(at: deadline) { elapsed += now() - start } }
    do {
      try await sleep(start + pause)
    } catch {
      throw .cancelled
    }
  }
}

extension Duration {
  /// The duration without what is less than a millisecond.
  fileprivate var inMilliseconds: Duration { .milliseconds(nanoseconds / 1_000_000) }
}

/// Why a wait for the server brought nothing.
enum WaitFailure: Error {
  /// Its time is over.
  case timedOut
  /// Something else ended it.
  case ended(AgencyError)

  /// What an error of a connection means to a wait.
  init(_ error: ConnectionError) {
    switch error {
    case .interrupted(.deadline): self = .timedOut
    // Of these causes an agency has only the first.
    case .interrupted(.cancelled), .interrupted(.superseded), .interrupted(.shuttingDown),
      .interrupted(.vanished), .interrupted(.noRoom):
      self = .ended(.cancelled)
    case .broken(let error): self = .ended(.disconnected(error.description))
    }
  }

  /// What it means that there is no connection to `endpoint`.
  init(_ error: Connector.Failure, connectingTo endpoint: Endpoint) {
    switch error {
    case .timedOut: self = .timedOut
    case .cancelled: self = .ended(.cancelled)
    case .unresolved, .refused: self = .ended(.unreachable("\(endpoint): \(error)"))
    }
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
