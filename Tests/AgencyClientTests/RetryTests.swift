import LotteryCore
import ProcessSupport
import Synchronization
import Testing

@testable import AgencyClient

@Suite("Trying again", .timeLimit(.minutes(1)))
struct PersistenceTests {
  private static let lost = AgencyError.disconnected("the server closed it")

  @Test("what trying again cannot mend is thrown at once")
  func lasting() async {
    let persistence = Self.persistence(limit: .seconds(3600), pause: .seconds(3600))
    for error in [
      AgencyError.cancelled, .unexpected("STORED"), .refused(.superseded, reason: ""),
      .rejected(.ruleBroken, offset: 0, index: 0, reason: ""),
    ] {
      await #expect(throws: error) {
        try await persistence.pause(after: error)
      }
    }
  }

  @Test("a pause that would go beyond the limit is not waited for")
  func longPause() async {
    let persistence = Self.persistence(limit: .seconds(1), pause: .seconds(3600))
    await #expect(throws: AgencyError.gaveUp(after: "1s", Self.lost)) {
      try await persistence.pause(after: Self.lost)
    }
  }

  @Test("it gives up after the limit, counted from the first failure, with the last error")
  func limit() async {
    let limit = Duration.milliseconds(30)
    let persistence = Self.persistence(limit: limit, pause: .milliseconds(1))
    let start = ContinuousClock.now
    await #expect(throws: AgencyError.gaveUp(after: "30ms", Self.lost)) {
      try await persistence.pause(after: .unreachable("first"))
      while true { try await persistence.pause(after: Self.lost) }
    }
    #expect(start.duration(to: .now) > limit - .milliseconds(1))
  }

  @Test("progress lets the limit begin anew")
  func progress() async throws {
    let limit = Duration.milliseconds(200)
    let persistence = Self.persistence(limit: limit, pause: .milliseconds(1))
    let start = ContinuousClock.now
    repeat {
      try await persistence.pause(after: Self.lost)
      persistence.noteProgress()
    } while start.duration(to: .now) < limit
    // However long the last pause took: the first failure is past the limit now.
    try await persistence.pause(after: Self.lost)
  }

  @Test("progress lets the pauses begin anew")
  func progressOfPauses() async throws {
    let persistence = Self.persistence(
      limit: .milliseconds(500), pause: .milliseconds(1), maxPause: .seconds(3600))
    // Doubled that often, a pause would be longer than the limit.
    for _ in 0..<12 {
      try await persistence.pause(after: Self.lost)
      persistence.noteProgress()
    }
  }

  @Test("without progress the pauses grow until one would go beyond the limit")
  func growingPauses() async {
    let persistence = Self.persistence(
      limit: .milliseconds(100), pause: .milliseconds(1), maxPause: .seconds(3600))
    var pauses = 0
    await #expect(throws: AgencyError.gaveUp(after: "100ms", Self.lost)) {
      while true {
        try await persistence.pause(after: Self.lost)
        pauses += 1
      }
    }
    // 1, 2, 4 … 128 ms: the eighth alone may take 64 ms, and at least 32 were waited before.
    #expect((1...7).contains(pauses))
  }

  @Test("the end of the task ends a pause")
  func cancelled() async {
    let task = Task {
      let persistence = Self.persistence(limit: .seconds(7200), pause: .seconds(3600))
      try await persistence.pause(after: Self.lost)
    }
    task.cancel()
    await #expect(throws: AgencyError.cancelled) { try await task.value }
  }

  @Test("a wait longer than the limit is cancelled, and named")
  func longWait() async {
    await #expect(throws: Self.gaveUp(waitedFor: "STORED")) {
      try await Self.persistence(limit: Self.limit).run { persistence throws(AgencyError) in
        try await persistence.wait(for: "STORED") { () async throws(AgencyError) in
          try await Self.spend(.seconds(3600))
        }
      }
    }
  }

  @Test("waits without progress add up, over all attempts, and progress lets them begin anew")
  func manyWaits() async throws {
    for hasProgress in [true, false] {
      // Time passes only where the test lets it.
      let elapsed = Mutex(Duration.zero)
      let start = ContinuousClock.now
      let persistence = Persistence(
        RetryPolicy(limit: .seconds(100)), log: .discarding,
        now: { start + elapsed.withLock { $0 } })
      for event in 1...4 {
        try await persistence.wait(for: "event \(event)") { () async throws(AgencyError) in
          elapsed.withLock { $0 += .seconds(30) }
        }
        if hasProgress { persistence.noteProgress() }
      }
      let last = await Self.error { () async throws(AgencyError) in
        try await persistence.pause(after: Self.lost)
      }
      #expect(last == (hasProgress ? nil : .gaveUp(after: "1m40s", Self.lost)))
    }
  }

  private static func error(
    _ body: () async throws(AgencyError) -> Void
  ) async -> AgencyError? {
    do throws(AgencyError) {
      try await body()
      return nil
    } catch {
      return error
    }
  }

  @Test("a pause counts as a wait, and a wait as a pause")
  func waitsAndPauses() async {
    let persistence = Self.persistence(limit: .seconds(3600), pause: .seconds(1))
    let waiting = Self.persistence(limit: Self.limit, pause: Self.limit)
    await #expect(throws: AgencyError.gaveUp(after: "100ms", Self.lost)) {
      try await waiting.wait(for: "STORED") { () async throws(AgencyError) in
        try await Self.spend(Self.limit)
      }
      try await waiting.pause(after: Self.lost)
    }
    await #expect(throws: AgencyError.cancelled) {
      try await Self.end(persistence) { persistence throws(AgencyError) in
        try await persistence.pause(after: Self.lost)
      }
    }
  }

  @Test("the agency's own work does not count")
  func ownWork() async throws {
    try await Self.persistence(limit: Self.limit).run { persistence throws(AgencyError) in
      try await persistence.wait(for: "WELCOME") { () async throws(AgencyError) in }
      try await Self.spend(Self.limit * 2)
      try await persistence.wait(for: "STORED") { () async throws(AgencyError) in
        try await Self.spend(.milliseconds(1))
      }
    }
  }

  @Test("a signal during a wait is no end of the limit")
  func cancelledWait() async {
    await #expect(throws: AgencyError.cancelled) {
      try await Self.end(Self.persistence(limit: .seconds(3600))) {
        persistence throws(AgencyError) in
        try await persistence.wait(for: "STORED") { () async throws(AgencyError) in
          try await Self.spend(.seconds(3600))
        }
      }
    }
  }

  @Test(
    "without retries the only attempt has its time all the same",
    arguments: [
      (.zero, .seconds(5)), (.nanoseconds(1), .nanoseconds(1)), (.seconds(2), .seconds(2)),
    ] as [(Duration, Duration)])
  func waitLimit(limit: Duration, waitLimit: Duration) {
    #expect(RetryPolicy(limit: limit).waitLimit == waitLimit)
  }

  private static let limit = Duration.milliseconds(100)

  private static func gaveUp(waitedFor event: String) -> AgencyError {
    .gaveUp(after: "100ms", .noAnswer(waitedFor: event))
  }

  private static func spend(_ time: Duration) async throws(AgencyError) {
    do {
      try await Task.sleep(for: time)
    } catch {
      throw .cancelled
    }
  }

  private static func outcome(
    of persistence: Persistence,
    _ work: @escaping @Sendable (Persistence) async throws(AgencyError) -> Void
  ) async -> AgencyError? {
    do throws(AgencyError) {
      try await persistence.run(work)
      return nil
    } catch {
      return error
    }
  }

  /// Runs `work` in a task that is cancelled at once.
  private static func end(
    _ persistence: Persistence,
    _ work: @escaping @Sendable (Persistence) async throws(AgencyError) -> Void
  ) async throws {
    let task = Task { try await persistence.run(work) }
    task.cancel()
    try await task.value
  }

  private static func persistence(
    limit: Duration, pause: Duration = .milliseconds(1), maxPause: Duration? = nil
  ) -> Persistence {
    Persistence(
      RetryPolicy(limit: limit, pause: pause, maxPause: maxPause ?? pause), log: .discarding)
  }
}
