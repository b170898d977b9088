import Testing

@testable import AgencyClient

@Suite("The batches in flight")
struct SendWindowTests {
  /// A window of `size` in which the batches up to 3, 6 and 8 are in flight.
  private func window(size: Int = 4) -> SendWindow {
    var window = SendWindow(size: size)
    for (count, end) in [(3, 3), (3, 6), (2, 8)] as [(Int, UInt64)] {
      window.add(AgencyFile.Batch(count: count, end: end))
    }
    return window
  }

  @Test("one STORED answers all batches up to it", arguments: [(3, 1), (6, 2), (8, 3)])
  func cumulative(stored: UInt64, count: Int) {
    var window = window()
    #expect(window.acknowledge(stored)?.map(\.count) == Array([3, 3, 2].prefix(count)))
    #expect(window.isEmpty == (count == 3))
    // What is left is still to be answered, and what was answered is so only once.
    #expect(window.acknowledge(stored) == nil)
    #expect((window.acknowledge(8) == nil) == (count == 3))
  }

  @Test(
    "a STORED that ends no batch in flight answers nothing", arguments: [0, 1, 2, 4, 5, 7, 9, .max])
  func refused(stored: UInt64) {
    var window = window()
    #expect(window.acknowledge(stored) == nil)
    #expect(window.acknowledge(8)?.count == 3)
  }

  @Test("it is full with as many batches as its size, and has room once one is answered")
  func full() {
    var full = window(size: 3)
    #expect(full.isFull)
    #expect(full.acknowledge(3)?.count == 1)
    #expect(!full.isFull)
    #expect(!full.isEmpty)
    #expect(!window(size: 4).isFull)
  }

  @Test("an empty one has nothing to answer")
  func empty() {
    var window = SendWindow(size: 1)
    #expect(window.isEmpty)
    #expect(!window.isFull)
    #expect(window.acknowledge(0) == nil)
    #expect(window.acknowledge(1) == nil)
  }
}
