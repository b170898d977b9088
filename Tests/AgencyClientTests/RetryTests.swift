import LotteryCore
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(1))) struct RetryTests {
  private static let lost = AgencyError.disconnected("the server closed it")

  /// Time passes as soon as the only task sleeps.
  private let clock = TestClock(advancingAt: 1)
  /// Time passes as soon as the work and the check of its limit sleep.
  private let clockOfRun = TestClock(advancingAt: 2)

  @Test func `an error that a retry cannot help is thrown at once`() async {
    let retry = retry(limit: .seconds(3600), pause: .seconds(3600))
    for error in [
      AgencyError.cancelled, .unexpected("STORED"), .refused(.superseded, reason: ""),
      .rejected(.ruleBroken, offset: 0, index: 0, reason: ""),
    ] {
      var attempts = 0
      await #expect(throws: error) {
        try await retry.retrying { () throws(AgencyError) in
          attempts += 1
          throw error
        }
      }
      #expect(attempts == 1)
    }
  }

  @Test func `a delay that would go beyond the limit is not waited for`() async {
    let start = clock.now
    let retry = retry(limit: .seconds(1), pause: .seconds(3600))
    await #expect(throws: AgencyError.gaveUp(after: "1s", Self.lost)) {
      try await retry.retrying { () throws(AgencyError) in throw Self.lost }
    }
    #expect(clock.now == start)
  }

  @Test func `the limit counts from the first failure, and the last error is reported`() async {
    let start = clock.now
    var errors = [AgencyError.unreachable("first")]
    await #expect(throws: AgencyError.gaveUp(after: "30s", Self.lost)) {
      try await retry(limit: .seconds(30), pause: .seconds(1)).retrying {
        () throws(AgencyError) in throw errors.popLast() ?? Self.lost
      }
    }
    let elapsed = start.duration(to: clock.now)
    #expect(elapsed > .seconds(29))
    #expect(elapsed <= .seconds(30))
  }

  @Test func `progress restarts the limit`() async throws {
    let start = clock.now
    let limit = Duration.seconds(20)
    let retry = retry(limit: limit, pause: .seconds(1))
    try await retry.retrying { () throws(AgencyError) in
      guard start.duration(to: clock.now) <= limit * 2 else { return }
      retry.noteProgress()
      throw Self.lost
    }
  }

  @Test func `progress restarts the delays`() async throws {
    let retry = retry(limit: .milliseconds(500), pause: .milliseconds(1), maxPause: .seconds(3600))
    // Doubled that often, a delay would be longer than the limit.
    var attempts = 0
    try await retry.retrying { () throws(AgencyError) in
      attempts += 1
      guard attempts <= 12 else { return }
      retry.noteProgress()
      throw Self.lost
    }
  }

  @Test func `without progress the delays grow until one would go beyond the limit`() async {
    let retry = retry(limit: .milliseconds(100), pause: .milliseconds(1), maxPause: .seconds(3600))
    var attempts = 0
    await #expect(throws: AgencyError.gaveUp(after: "100ms", Self.lost)) {
      try await retry.retrying { () throws(AgencyError) in
        attempts += 1
        throw Self.lost
      }
    }
    // 1, 2, 4 … 128 ms: the eighth alone may take 64 ms, and at least 32 were waited before.
    #expect((1...7).contains(attempts - 1))
  }

  @Test func `the end of the task ends a delay`() async {
    let clock = TestClock()
    let task = Task {
      let retry = retry(limit: .seconds(7200), pause: .seconds(3600), clock: clock)
      try await retry.retrying { () throws(AgencyError) in throw Self.lost }
    }
    task.cancel()
    await #expect(throws: AgencyError.cancelled) { try await task.value }
  }

  @Test func `a wait longer than the limit is cancelled, and named`() async {
    let retry = retry(limit: Self.limit, clock: clockOfRun)
    await #expect(throws: Self.gaveUp(waitedFor: "STORED")) {
      try await retry.run { () throws(AgencyError) in
        try await retry.wait(for: "STORED") { () throws(AgencyError) in
          try await sleep(.seconds(3600))
        }
      }
    }
  }

  @Test func `waits add up over all attempts, and progress restarts them`() async throws {
    for hasProgress in [true, false] {
      let retry = retry(limit: .seconds(100))
      for event in 1...4 {
        try await retry.wait(for: "event \(event)") { () throws(AgencyError) in
          clock.advance(by: .seconds(30))
        }
        if hasProgress { retry.noteProgress() }
      }
      var attempts = 0
      let last = await Self.error {
        try await retry.retrying { () throws(AgencyError) in
          attempts += 1
          if attempts == 1 { throw Self.lost }
        }
      }
      #expect(last == (hasProgress ? nil : .gaveUp(after: "1m40s", Self.lost)))
    }
  }

  @Test func `a delay counts as a wait, and a wait as a delay`() async {
    let waiting = retry(limit: Self.limit, pause: Self.limit)
    await #expect(throws: AgencyError.gaveUp(after: "1m0s", Self.lost)) {
      try await waiting.wait(for: "STORED") { () throws(AgencyError) in
        clock.advance(by: Self.limit)
      }
      try await waiting.retrying { () throws(AgencyError) in throw Self.lost }
    }
    await #expect(throws: AgencyError.cancelled) {
      let retry = retry(limit: .seconds(3600), pause: .seconds(1), clock: TestClock())
      try await Self.end(retry) { () throws(AgencyError) in
        try await retry.retrying { () throws(AgencyError) in throw Self.lost }
      }
    }
  }

  @Test func `the agency's own work does not count`() async throws {
    let retry = retry(limit: Self.limit, clock: clockOfRun)
    try await retry.run { () throws(AgencyError) in
      try await retry.wait(for: "WELCOME") { () throws(AgencyError) in }
      try await sleep(Self.limit * 2)
      try await retry.wait(for: "STORED") { () throws(AgencyError) in
        try await sleep(.milliseconds(1))
      }
    }
  }

  @Test func `a signal during a wait is not reported as the limit`() async {
    let retry = retry(limit: .seconds(3600), clock: TestClock())
    await #expect(throws: AgencyError.cancelled) {
      try await Self.end(retry) { () throws(AgencyError) in
        try await retry.wait(for: "STORED") { () throws(AgencyError) in
          try await Self.sleep(.seconds(3600), on: TestClock())
        }
      }
    }
  }

  @Test(
    arguments: [
      (.zero, .seconds(5)), (.nanoseconds(1), .nanoseconds(1)), (.seconds(2), .seconds(2)),
    ] as [(Duration, Duration)])
  func `without retries the only attempt has a limit of its own`(
    limit: Duration, waitLimit: Duration
  ) {
    #expect(RetryPolicy(limit: limit).waitLimit == waitLimit)
  }

  private static let limit = Duration.seconds(60)

  private static func gaveUp(waitedFor event: String) -> AgencyError {
    .gaveUp(after: "1m0s", .noAnswer(waitedFor: event))
  }

  private func sleep(_ time: Duration) async throws(AgencyError) {
    try await Self.sleep(time, on: clockOfRun)
  }

  private static func sleep(_ time: Duration, on clock: TestClock) async throws(AgencyError) {
    try await mapError({ _ in AgencyError.cancelled }) { try await clock.sleep(for: time) }
  }

  private static func error(_ body: () async throws -> Void) async -> AgencyError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? AgencyError
    }
  }

  /// Runs `work` in a task that is cancelled at once.
  private static func end(
    _ retry: Retry, _ work: @escaping @Sendable () async throws(AgencyError) -> Void
  ) async throws {
    let task = Task { try await retry.run(work) }
    task.cancel()
    try await task.value
  }

  private func retry(
    limit: Duration, pause: Duration = .milliseconds(1), maxPause: Duration? = nil,
    clock: TestClock? = nil
  ) -> Retry {
    Retry(
      RetryPolicy(limit: limit, pause: pause, maxPause: maxPause ?? pause), log: .discarding,
      clock: clock ?? self.clock)
  }
}

@Suite struct BackoffTests {
  @Test(arguments: 0..<20 as Range<UInt64>)
  func `delays double up to the longest, and half of each is random`(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    var backoff = Backoff(first: .milliseconds(100), longest: .milliseconds(1000))
    for full in [100, 200, 400, 800, 1000, 1000, 1000] {
      let pause = backoff.pause(using: &random)
      #expect((Duration.milliseconds(full) / 2...Duration.milliseconds(full)).contains(pause))
    }
  }

  @Test func `the random half of a delay reaches both ends`() {
    var random = SeededGenerator(seed: 1)
    let pauses = (0..<1000).map { _ in
      var backoff = Backoff(first: .seconds(1), longest: .seconds(1))
      return backoff.pause(using: &random)
    }
    #expect(pauses.contains { $0 < .milliseconds(510) })
    #expect(pauses.contains { $0 > .milliseconds(990) })
    #expect(Set(pauses).count > 990)
  }

  @Test func `after a success the delays begin again`() {
    var random = SeededGenerator(seed: 2)
    var backoff = Backoff(first: .milliseconds(10), longest: .seconds(10))
    for _ in 0..<8 { _ = backoff.pause(using: &random) }
    #expect(backoff.pause(using: &random) > .seconds(1))
    backoff.reset()
    #expect(backoff.pause(using: &random) <= .milliseconds(10))
    #expect(backoff.pause(using: &random) <= .milliseconds(20))
  }

  @Test func `a longest pause below the first does not shorten the first`() {
    var random = SeededGenerator(seed: 3)
    var backoff = Backoff(first: .seconds(2), longest: .seconds(1))
    for _ in 0..<3 {
      #expect((Duration.seconds(1)...Duration.seconds(2)).contains(backoff.pause(using: &random)))
    }
  }
}
