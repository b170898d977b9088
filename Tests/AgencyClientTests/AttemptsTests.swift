import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite(.timeLimit(.minutes(10))) struct AttemptsTests {
  private static let lost = AgencyError.disconnected("the server closed it")

  /// Time passes as soon as the only task sleeps.
  private let clock = TestClock()

  private func attempts(
    limit: Duration, pause: Duration = .milliseconds(1), maxPause: Duration? = nil
  ) -> Attempts {
    Attempts(
      RetryPolicy(limit: limit, pause: pause, maxPause: maxPause ?? pause), log: .discarding,
      clock: clock)
  }

  @Test
  func `no delay goes beyond the limit since the first failure, and the last error is reported`()
    async
  {
    let start = clock.now
    var errors = [AgencyError.unreachable("first")]
    let last = await #expect(throws: AgencyError.self) {
      try await attempts(limit: .seconds(30), pause: .seconds(1)).retrying {
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

  @Test func `the end of the task ends a delay`() async {
    let task = Task {
      let policy = RetryPolicy(limit: .seconds(7200), pause: .seconds(3600))
      let attempts = Attempts(policy, log: .discarding)
      try await attempts.retrying { () throws(AgencyError) in throw Self.lost }
    }
    task.cancel()
    await #expect(throws: AgencyError.cancelled) { try await task.value }
  }

  @Test func `a wait that is given up names the failure before it`() async {
    let attempts = attempts(limit: .seconds(60))
    let event = "STORED; before that, \(Self.lost)"
    var errors = [Self.lost]
    await #expect(throws: AgencyError.gaveUp(after: "1m0s", .noAnswer(waitedFor: event))) {
      try await attempts.retrying { () throws(AgencyError) in
        if let error = errors.popLast() { throw error }
        try await attempts.wait(for: "STORED") { _ in nil as Void? }
      }
    }
  }

  @Test func `waits add up until there is progress, whatever is done between them`() async throws {
    let attempts = attempts(limit: .seconds(100))
    for left in [100, 70, 40, 10, 0, 0] {
      // The agency's own work, and a wait for the draw.
      clock.advance(by: .seconds(99))
      try await attempts.wait(for: "WINNERS", isLimited: false) { _ in
        clock.advance(by: .seconds(99))
      }
      let start = clock.now
      let deadline = try await attempts.wait(for: "STORED") { deadline in
        clock.advance(by: .seconds(min(left, 30)))
        return deadline
      }
      #expect(deadline == start + .seconds(left))
    }
    await #expect(throws: AgencyError.gaveUp(after: "1m40s", Self.lost)) {
      try await attempts.retrying { () throws(AgencyError) in throw Self.lost }
    }
    attempts.noteProgress()
    let deadline = try await attempts.wait(for: "STORED", \.self)
    #expect(deadline == clock.now + .seconds(100))
  }

  @Test func `time in which the process was stopped does not count, unless it always is`()
    async throws
  {
    let limit = Duration.seconds(60)
    let attempts = attempts(limit: limit)
    // Each wait ends late.
    func wait(answeredAt answer: Int) async throws(AgencyError) -> Int {
      var calls = 0
      try await attempts.wait(for: "STORED") { deadline -> Void? in
        #expect(deadline == clock.now + limit)
        clock.advance(by: limit + Attempts.tolerance + .nanoseconds(1))
        calls += 1
        return calls == answer ? () : nil
      }
      return calls
    }
    for answer in [1, 3] { #expect(try await wait(answeredAt: answer) == answer) }
    await #expect(throws: AgencyError.gaveUp(after: "1m0s", .noAnswer(waitedFor: "STORED"))) {
      try await wait(answeredAt: .max)
    }
  }

  @Test func `without retries the only attempt has a limit of its own`() {
    #expect(RetryPolicy(limit: .zero).waitLimit == .seconds(5))
    #expect(RetryPolicy(limit: .nanoseconds(1)).waitLimit == .nanoseconds(1))
  }

  @Test(
    arguments: [
      (.milliseconds(100), [100, 200, 400, 800, 1000, 1000, 1000]),
      // The first delay is longer than the longest.
      (.seconds(2), [2000, 2000]),
    ] as [(Duration, [Int])])
  func `delays double up to the longest, half of each is random, and progress resets them`(
    first: Duration, delays: [Int]
  ) {
    var random = SeededGenerator(seed: 1)
    let attempts = attempts(limit: .zero, pause: first, maxPause: .seconds(1))
    var shares: [Double] = []
    for _ in 1...500 {
      for full in delays {
        shares.append(attempts.nextPause(using: &random) / .milliseconds(full))
      }
      attempts.noteProgress()
    }
    #expect(shares.allSatisfy { (0.5...1).contains($0) })
    #expect(shares.contains { $0 < 0.51 } && shares.contains { $0 > 0.99 })
    #expect(Set(shares).count > shares.count * 99 / 100)
  }
}
