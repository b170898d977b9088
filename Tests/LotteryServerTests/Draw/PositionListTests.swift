import TestSupport
import Testing

@testable import LotteryServer

/// Positions in few bytes.
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
