import LotteryProtocol
import ProcessSupport
import Testing

@testable import AgencyClient

@Suite("Trying again", .timeLimit(.minutes(1)))
struct PersistenceTests {
  private static let lost = AgencyError.disconnected("the server closed it")

  @Test("what trying again cannot mend is thrown at once")
  func lasting() async {
    var persistence = Self.persistence(limit: .seconds(3600), pause: .seconds(3600))
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
    var persistence = Self.persistence(limit: .seconds(1), pause: .seconds(3600))
    await #expect(throws: AgencyError.gaveUp(after: "1s", Self.lost)) {
      try await persistence.pause(after: Self.lost)
    }
  }

  @Test("it gives up after the limit, counted from the first failure, with the last error")
  func limit() async {
    let limit = Duration.milliseconds(30)
    var persistence = Self.persistence(limit: limit, pause: .milliseconds(1))
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
    var persistence = Self.persistence(limit: limit, pause: .milliseconds(1))
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
    var persistence = Self.persistence(
      limit: .milliseconds(500), pause: .milliseconds(1), maxPause: .seconds(3600))
    // Doubled that often, a pause would be longer than the limit.
    for _ in 0..<12 {
      try await persistence.pause(after: Self.lost)
      persistence.noteProgress()
    }
  }

  @Test("without progress the pauses grow until one would go beyond the limit")
  func growingPauses() async {
    var persistence = Self.persistence(
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
      var persistence = Self.persistence(limit: .seconds(7200), pause: .seconds(3600))
      try await persistence.pause(after: Self.lost)
    }
    task.cancel()
    await #expect(throws: AgencyError.cancelled) { try await task.value }
  }

  private static func persistence(
    limit: Duration, pause: Duration, maxPause: Duration? = nil
  ) -> Persistence {
    Persistence(
      RetryPolicy(limit: limit, pause: pause, maxPause: maxPause ?? pause), log: .discarding)
  }
}
