import TestSupport
import Testing

@testable import AgencyClient

/// The delays before retries.
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
