import Testing

@testable import AgencyClient

/// The progress line.
@Suite struct ProgressTests {
  @Test(
    arguments: [
      (1000, 250, 1000, 2.0, "1000 bets, 25 %, 500 bets/s, 6 s left, 16 batches in flight"),
      (0, 0, 1000, 1.0, "0 bets, 0 %, 0 bets/s, 0 s left, 16 batches in flight"),
      (10, 1000, 1000, 0.0, "10 bets, 100 %, 0 bets/s, 0 s left, 16 batches in flight"),
      // A pipe has no size, and a file may grow.
      (10, 500, 0, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left, 16 batches in flight"),
      (10, 2000, 1000, 1.0, "10 bets, 100 %, 10 bets/s, 0 s left, 16 batches in flight"),
    ] as [(UInt64, Int, Int, Double, String)])
  func `bets, share of the file, rate, time left, batches in flight`(
    bets: UInt64, position: Int, size: Int, seconds: Double, expected: String
  ) {
    let text = Progress.text(
      bets: bets, position: position, fileSize: size, inFlight: 16, elapsed: .seconds(seconds))
    #expect(text == expected)
  }
}
