import Glibc
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(10))) struct AttemptsTests {
  private static let lost = AgencyError.disconnected("the server closed it")

  /// Time passes as soon as the only task sleeps.
  private let clock = TestClock(advancingAt: 1)

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
    await #expect(throws: AgencyError.gaveUp(after: "0s", Self.lost)) {
      try await retry.retrying { () throws(AgencyError) in throw Self.lost }
    }
    #expect(clock.now == start)
  }

  @Test func `the limit counts from the first failure, and the last error is reported`() async {
    let start = clock.now
    var errors = [AgencyError.unreachable("first")]
    let last = await Self.error {
      try await retry(limit: .seconds(30), pause: .seconds(1)).retrying {
        () throws(AgencyError) in throw errors.popLast() ?? Self.lost
      }
    }
    let elapsed = start.duration(to: clock.now)
    // It says how long it went on, which the next delay would have made longer than the limit.
    let milliseconds = Duration.milliseconds(elapsed.nanoseconds / 1_000_000)
    #expect(last == .gaveUp(after: milliseconds.goText, Self.lost))
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
    let last = await Self.error {
      try await retry.retrying { () throws(AgencyError) in
        attempts += 1
        throw Self.lost
      }
    }
    guard case .gaveUp(_, Self.lost)? = last else {
      Issue.record("\(last as Any)")
      return
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

  @Test func `a wait beyond its deadline is given up, and named`() async throws {
    let retry = retry(limit: Self.limit)
    let endpoint = try #require(Endpoint("127.0.0.1:1"))
    for late in [
      WaitFailure(.interrupted(.deadline)), WaitFailure(.timedOut, connectingTo: endpoint),
    ] {
      await #expect(throws: Self.gaveUp(waitedFor: "STORED")) {
        try await retry.wait(for: "STORED") { _ throws(WaitFailure) in throw late }
      }
    }
  }

  @Test func `a wait has the time that earlier ones have left`() async throws {
    let retry = retry(limit: .seconds(100))
    for left in [100, 70, 40, 10, 0, 0] {
      let start = ContinuousClock.now
      let deadline = try await retry.wait(for: "STORED") { deadline in
        clock.advance(by: .seconds(30))
        return deadline
      }
      #expect(deadline >= start + .seconds(left))
      #expect(deadline <= .now + .seconds(left))
    }
  }

  @Test func `time in which the process was stopped does not count`() async throws {
    let limit = Duration.milliseconds(1)
    let retry = Attempts(RetryPolicy(limit: limit), log: .discarding)
    var (calls, start) = (0, ContinuousClock.now)
    // Of two answers that the process waits for, one comes while it is stopped.
    for isThere in [true, false] {
      let deadline = try await retry.wait(for: "STORED") { deadline throws(WaitFailure) in
        #expect(deadline >= start + limit)
        calls += 1
        if calls == 3 { return deadline }
        while ContinuousClock.now <= deadline + Attempts.tolerance { usleep(10_000) }
        start = .now
        if !isThere { throw .timedOut }
        return deadline
      }
      #expect(calls == (isThere ? 1 : 3), "\(deadline)")
    }
  }

  @Test func `waits add up over all attempts, and progress restarts them`() async throws {
    for hasProgress in [true, false] {
      let retry = retry(limit: .seconds(100))
      for event in 1...4 {
        try await retry.wait(for: "event \(event)") { _ in clock.advance(by: .seconds(30)) }
        if hasProgress { retry.noteProgress() }
      }
      var attempts = 0
      let last = await Self.error {
        try await retry.retrying { () throws(AgencyError) in
          attempts += 1
          if attempts == 1 { throw Self.lost }
        }
      }
      #expect(last == (hasProgress ? nil : .gaveUp(after: "2m0s", Self.lost)))
    }
  }

  @Test func `a wait counts as a delay`() async {
    let waiting = retry(limit: Self.limit, pause: Self.limit)
    await #expect(throws: AgencyError.gaveUp(after: "1m0s", Self.lost)) {
      try await waiting.wait(for: "STORED") { _ in clock.advance(by: Self.limit) }
      try await waiting.retrying { () throws(AgencyError) in throw Self.lost }
    }
  }

  @Test func `the agency's own work does not count`() async throws {
    let retry = retry(limit: Self.limit)
    try await retry.wait(for: "WELCOME") { _ in }
    clock.advance(by: Self.limit * 2)
    let deadline = try await retry.wait(for: "STORED") { $0 }
    #expect(deadline > .now)
  }

  @Test func `an interrupted wait is not reported as the limit`() async {
    await #expect(throws: AgencyError.cancelled) {
      try await retry(limit: Self.limit).wait(for: "STORED") { _ throws(WaitFailure) in
        throw WaitFailure(.interrupted(.cancelled))
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

  private static func error(_ body: () async throws -> Void) async -> AgencyError? {
    do {
      try await body()
      return nil
    } catch {
      return error as? AgencyError
    }
  }

  private func retry(
    limit: Duration, pause: Duration = .milliseconds(1), maxPause: Duration? = nil,
    clock: TestClock? = nil
  ) -> Attempts {
    Attempts(
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
