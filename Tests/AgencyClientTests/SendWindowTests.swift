import Testing

@testable import AgencyClient

/// The batches in flight.
@Suite struct SendWindowTests {
  /// A window of `size` in which the batches up to 3, 6 and 8 are in flight.
  private func window(size: Int = 4) -> SendWindow {
    var window = SendWindow(size: size)
    for (count, end) in [(3, 3), (3, 6), (2, 8)] as [(Int, UInt64)] {
      window.add(AgencyFile.Batch(count: count, end: end))
    }
    return window
  }

  @Test(arguments: [(3, 1), (6, 2), (8, 3)])
  func `one STORED answers all batches up to it`(stored: UInt64, count: Int) {
    var window = window()
    #expect(window.acknowledge(stored)?.map(\.count) == Array([3, 3, 2].prefix(count)))
    #expect(window.isEmpty == (count == 3))
    // What is left is still to be answered, and what was answered is so only once.
    #expect(window.acknowledge(stored) == nil)
    #expect((window.acknowledge(8) == nil) == (count == 3))
  }

  @Test(arguments: [0, 1, 2, 4, 5, 7, 9, .max])
  func `a STORED that ends no batch in flight answers nothing`(stored: UInt64) {
    var window = window()
    #expect(window.acknowledge(stored) == nil)
    #expect(window.acknowledge(8)?.count == 3)
  }

  @Test func `it is full with as many batches as its size, and has room once one is answered`() {
    var full = window(size: 3)
    #expect(full.isFull)
    #expect(full.acknowledge(3)?.count == 1)
    #expect(!full.isFull)
    #expect(!full.isEmpty)
    #expect(!window(size: 4).isFull)
  }

  @Test func `an empty one has nothing to answer`() {
    var window = SendWindow(size: 1)
    #expect(window.isEmpty)
    #expect(!window.isFull)
    #expect(window.acknowledge(0) == nil)
    #expect(window.acknowledge(1) == nil)
  }
}

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
