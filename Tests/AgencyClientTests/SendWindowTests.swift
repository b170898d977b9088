import Testing

@testable import AgencyClient

@Suite struct SendWindowTests {
  /// A window of `size` in which the batches up to 3, 6 and 8 are in flight.
  private func window(size: Int = 4) -> SendWindow {
    var window = SendWindow(size: size)
    for (count, end) in [(3, 3), (3, 6), (2, 8)] as [(Int, UInt64)] {
      window.add(SentBatch(count: count, end: end))
    }
    return window
  }

  @Test(arguments: [(3, 1), (6, 2), (8, 3)])
  func `one STORED answers all batches up to it`(stored: UInt64, count: Int) throws {
    var window = window()
    #expect(try window.acknowledge(stored).map(\.count) == Array([3, 3, 2].prefix(count)))
    #expect(window.isEmpty == (count == 3))
    #expect(window.end == 8)
    // What is left is still to be answered, and what was answered is so only once.
    #expect(throws: Self.noBatch(stored)) { try window.acknowledge(stored) }
    #expect(((try? window.acknowledge(8)) == nil) == (count == 3))
  }

  @Test(arguments: [0, 1, 2, 4, 5, 7, 9, .max])
  func `a STORED that ends no batch in flight answers nothing`(stored: UInt64) throws {
    var window = window()
    #expect(throws: Self.noBatch(stored)) { try window.acknowledge(stored) }
    #expect(try window.acknowledge(8).count == 3)
  }

  @Test func `it is full with as many batches as its size, and has room once one is answered`()
    throws
  {
    var full = window(size: 3)
    #expect(full.isFull)
    #expect(try full.acknowledge(3).count == 1)
    #expect(!full.isFull)
    #expect(!full.isEmpty)
    #expect(!window(size: 4).isFull)
  }

  @Test func `an empty one has nothing to answer`() {
    var window = SendWindow(size: 1)
    #expect(window.isEmpty)
    #expect(!window.isFull)
    for stored in [0, 1] as [UInt64] {
      #expect(throws: Self.noBatch(stored)) { try window.acknowledge(stored) }
    }
  }

  private static func noBatch(_ stored: UInt64) -> AgencyError {
    .unexpected("STORED \(stored) answers no batch")
  }
}
