import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(10))) struct AttemptsTests {
  private static let lost = AgencyError.disconnected("the server closed it")

  /// Time passes as soon as the only task sleeps.
  private let clock = TestClock()

  @Test func `an error that a retry cannot help is thrown at once`() async {
    let retry = retry(limit: .seconds(3600), pause: .seconds(3600))
    var attempts = 0
    await #expect(throws: AgencyError.refused(.superseded, reason: "")) {
      try await retry.retrying { () throws(AgencyError) in
        attempts += 1
        throw .refused(.superseded, reason: "")
      }
    }
    #expect(attempts == 1)
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
    let last = await #expect(throws: AgencyError.self) {
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

  @Test func `progress restarts the limit and the delays`() async throws {
    let start = clock.now
    let limit = Duration.milliseconds(500)
    // Doubled three times, a delay would be longer than the limit.
    let retry = retry(limit: limit, pause: .milliseconds(100), maxPause: .seconds(3600))
    try await retry.retrying { () throws(AgencyError) in
      guard start.duration(to: clock.now) <= limit * 2 else { return }
      retry.noteProgress()
      throw Self.lost
    }
  }

  @Test func `without progress the delays grow until one would go beyond the limit`() async {
    let retry = retry(limit: .milliseconds(100), pause: .milliseconds(1), maxPause: .seconds(3600))
    var attempts = 0
    await #expect(throws: AgencyError.self) {
      try await retry.retrying { () throws(AgencyError) in
        attempts += 1
        throw Self.lost
      }
    }
    // 1, 2, 4 … 128 ms: the eighth alone may take 64 ms, and at least 32 were waited before.
    #expect((1...7).contains(attempts - 1))
  }

  @Test func `the end of the task ends a delay`() async {
    let clock = TestClock(skipsSleep: false)
    let task = Task {
      let retry = retry(limit: .seconds(7200), pause: .seconds(3600), clock: clock)
      try await retry.retrying { () throws(AgencyError) in throw Self.lost }
    }
    task.cancel()
    await #expect(throws: AgencyError.cancelled) { try await task.value }
  }

  @Test func `a wait beyond its deadline is given up, and named`() async {
    await #expect(throws: AgencyError.gaveUp(after: "1m0s", .noAnswer(waitedFor: "STORED"))) {
      try await retry(limit: .seconds(60)).wait(for: "STORED") { _ in nil as Void? }
    }
  }

  @Test func `a wait that is given up names the failure before it`() async {
    let retry = retry(limit: .seconds(60))
    let event = "STORED; before that, \(Self.lost)"
    var errors = [Self.lost]
    await #expect(throws: AgencyError.gaveUp(after: "1m0s", .noAnswer(waitedFor: event))) {
      try await retry.retrying { () throws(AgencyError) in
        if let error = errors.popLast() { throw error }
        try await retry.wait(for: "STORED") { _ in nil as Void? }
      }
    }
  }

  @Test func `a wait has the time that earlier ones have left, whatever was done between them`()
    async throws
  {
    let retry = retry(limit: .seconds(100))
    for left in [100, 70, 40, 10, 0, 0] {
      // The agency's own work.
      clock.advance(by: .seconds(300))
      let start = clock.now
      let deadline = try await retry.wait(for: "STORED") { deadline in
        clock.advance(by: .seconds(min(left, 30)))
        return deadline
      }
      #expect(deadline == start + .seconds(left))
    }
  }

  @Test func `time in which the process was stopped does not count`() async throws {
    let limit = Duration.seconds(60)
    let retry = retry(limit: limit)
    // Of two answers that the process waits for, one comes while it is stopped.
    for isThere in [true, false] {
      var calls = 0
      try await retry.wait(for: "STORED") { deadline -> Void? in
        #expect(deadline == clock.now + limit)
        calls += 1
        if calls == 3 { return () }
        clock.advance(by: limit + Attempts.tolerance + .nanoseconds(1))
        return isThere ? () : nil
      }
      #expect(calls == (isThere ? 1 : 3))
    }
  }

  @Test func `a wait that is always late is given up`() async {
    await #expect(throws: AgencyError.gaveUp(after: "1m0s", .noAnswer(waitedFor: "STORED"))) {
      try await retry(limit: .seconds(60)).wait(for: "STORED") { _ -> Void? in
        clock.advance(by: .seconds(120))
        return nil
      }
    }
  }

  @Test func `waits add up over all attempts, and progress restarts them`() async throws {
    for hasProgress in [true, false] {
      let retry = retry(limit: .seconds(100))
      for event in 1...4 {
        try await retry.wait(for: "event \(event)") { _ in clock.advance(by: .seconds(25)) }
        if hasProgress { retry.noteProgress() }
      }
      var errors = [Self.lost]
      var outcome: AgencyError?
      do throws(AgencyError) {
        try await retry.retrying { () throws(AgencyError) in
          if let error = errors.popLast() { throw error }
        }
      } catch {
        outcome = error
      }
      #expect(outcome == (hasProgress ? nil : .gaveUp(after: "1m40s", Self.lost)))
    }
  }

  @Test func `without retries the only attempt has a limit of its own`() {
    #expect(RetryPolicy(limit: .zero).waitLimit == .seconds(5))
    #expect(RetryPolicy(limit: .nanoseconds(1)).waitLimit == .nanoseconds(1))
  }

  private func retry(
    limit: Duration, pause: Duration = .milliseconds(1), maxPause: Duration? = nil,
    clock: TestClock? = nil
  ) -> Attempts {
    Attempts(
      RetryPolicy(limit: limit, pause: pause, maxPause: maxPause ?? pause), log: .discarding,
      clock: clock ?? self.clock)
  }

  // MARK: - The delays

  @Test(arguments: 0..<20 as Range<UInt64>)
  func `delays double up to the longest, half of each is random, and a success resets them`(
    seed: UInt64
  ) {
    var random = SeededGenerator(seed: seed)
    let retry = retry(limit: .zero, pause: .milliseconds(100), maxPause: .seconds(1))
    for _ in 1...2 {
      for full in [100, 200, 400, 800, 1000, 1000, 1000] {
        let pause = retry.nextPause(using: &random)
        #expect((Duration.milliseconds(full) / 2...Duration.milliseconds(full)).contains(pause))
      }
      retry.noteProgress()
    }
  }

  @Test func `the random half reaches both ends, also of a first delay above the longest`() {
    var random = SeededGenerator(seed: 1)
    let retry = retry(limit: .zero, pause: .seconds(2), maxPause: .seconds(1))
    let pauses = (0..<1000).map { _ in retry.nextPause(using: &random) }
    #expect(pauses.allSatisfy { (Duration.seconds(1)...Duration.seconds(2)).contains($0) })
    #expect(pauses.contains { $0 < .milliseconds(1020) })
    #expect(pauses.contains { $0 > .milliseconds(1980) })
    #expect(Set(pauses).count > 990)
  }
}
