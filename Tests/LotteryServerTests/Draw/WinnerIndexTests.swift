import TestSupport
import Testing

@testable import LotteryServer

/// The positions of the winners, by agency.
@Suite struct WinnerIndexTests {
  @Test(arguments: [(9, 1), (10, 0), (11, 0)])
  func `it holds positions up to its limit, and counts the others`(limit: Int, beyond: Int) {
    var index = WinnerIndex(sizeLimit: limit)
    // A byte each.
    for winner in 0..<10 { index.add(10 * winner, of: UInt32(winner % 2)) }
    let (even, odd) = (index[0], index[1])
    #expect(index.count == 10)
    #expect((even.count, odd.count) == (5, 5))
    #expect(Array(even.positions) == [0, 20, 40, 60, 80])
    #expect(Array(odd.positions) == [10, 30, 50, 70, 90].dropLast(beyond))
    #expect(even.firstBeyond == nil)
    #expect(odd.firstBeyond == (beyond > 0 ? 90 : nil))
  }

  @Test func `once a position found no room, no agency gets any`() {
    var index = WinnerIndex(sizeLimit: 3)
    index.add(1, of: 1)
    index.add(2, of: 2)
    index.add(1_000_000, of: 1)
    index.add(1_000_001, of: 2)
    index.add(1_000_002, of: 1)
    #expect(Array(index[1].positions) == [1])
    #expect(Array(index[2].positions) == [2])
    #expect((index[1].firstBeyond, index[2].firstBeyond) == (1_000_000, 1_000_001))
    #expect((index[1].count, index[2].count, index.count) == (3, 2, 5))
  }

  @Test func `an agency without winners has none`() {
    let entry = WinnerIndex(sizeLimit: 10)[1]
    #expect(entry.count == 0)
    #expect(Array(entry.positions) == [])
    #expect(entry.firstBeyond == nil)
  }

  @Test(arguments: [(1, 1.0, 1), (5, 1.0, 2), (5, 0.01, 3), (1000, 1.0, 3)])
  func `a winner takes three bytes at most`(agencies: Int, share: Double, bytes: Int) {
    var random = SeededGenerator(seed: 21)
    var index = WinnerIndex(sizeLimit: .max)
    var position = 0
    for _ in 0..<20_000 {
      position += .random(in: 30...60, using: &random)
      guard Double.random(in: 0..<1, using: &random) < share else { continue }
      index.add(position, of: .random(in: 1...UInt32(agencies), using: &random))
    }
    let size = (1...UInt32(agencies)).reduce(0) { $0 + index[$1].positions.size }
    #expect(size <= bytes * index.count)
  }
}

@Suite struct PositionListTests {
  @Test(arguments: [
    [], [0], [0, 0, 1], [127], [128], [16_383], [16_384], [5, 132, 133, 16_517],
    [1 << 40, 1 << 41], [Int.max - 1, Int.max, Int.max],
  ])
  func `what goes in comes out`(positions: [Int]) {
    var list = PositionList()
    for position in positions {
      let (before, added) = (list.size, list.size(adding: position))
      list.append(position)
      #expect(list.size == before + added)
    }
    #expect(Array(list) == positions)
  }

  @Test func `a difference takes a byte for each seven bits`() {
    let sizes = [0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152].map {
      PositionList().size(adding: $0)
    }
    #expect(sizes == [1, 1, 2, 2, 3, 3, 4])
  }

  @Test func `a copy of an iterator is a place to come back to`() {
    var list = PositionList()
    for position in 1...3 { list.append(1000 * position) }
    var iterator = list.makeIterator()
    #expect(iterator.next() == 1000)
    var copy = iterator
    #expect([copy.next(), copy.next(), copy.next()] == [2000, 3000, nil])
    #expect(iterator.next() == 2000)
  }
}
