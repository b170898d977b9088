import LotteryCore
import TestSupport
import Testing

@testable import AgencyClient

/// Making batches.
@Suite struct AgencyFileBatchTests {
  @Test(
    arguments: [
      (0, 3, []), (1, 3, [1]), (2, 3, [2]), (3, 3, [3]), (4, 3, [3, 1]), (7, 3, [3, 3, 1]),
      (3, 1, [1, 1, 1]), (4, 65535, [4]),
    ] as [(Int, Int, [Int])])
  func `only the last batch is shorter than may be`(bets: Int, maxAmount: Int, counts: [Int]) throws
  {
    let bets = try sampleBets(0..<bets)
    let made = try Self.batches(agencyFile(bets), maxAmount: maxAmount)
    #expect(made.batches.map(\.count) == counts)
    #expect(made.failure == nil)
    #expect(made.sent.map(\.bets) == Self.cut(bets, counts))
  }

  @Test func `each batch knows how many bets precede it and where it ends`() throws {
    let bets = try sampleBets(0..<9)
    let made = try Self.batches(agencyFile(bets), skipping: 2, maxAmount: 3)
    #expect(made.sent.map(\.offset) == [2, 5, 8])
    #expect(made.sent.map(\.bets) == [Array(bets[2..<5]), Array(bets[5..<8]), [bets[8]]])
    #expect(made.batches.map(\.end) == [5, 8, 9])
    #expect(made.total == 9)
  }

  @Test(arguments: [(484, [26, 1]), (485, [26, 1]), (486, [25, 2])])
  func `a batch ends before the bet that would take it beyond 8000 bytes`(last: Int, counts: [Int])
    throws
  {
    // 15 bytes of head and 25 bets of 300 bytes leave 485 of 8000.
    let bets =
      try (0..<25).map { _ in try sizedBet(300) }
      + [sizedBet(last), sampleBet(0)]
    let made = try Self.batches(agencyFile(bets), maxAmount: 1000)
    #expect(made.batches.map(\.count) == counts)
    #expect(made.sizes[0] == (counts[0] == 26 ? 7515 + last : 7515))
    #expect(made.sent.flatMap(\.bets) == bets)
  }

  @Test func `full packets follow one another, each as full as the next bet allows`() throws {
    let bets = try (0..<5000).map(sampleBet)
    let made = try Self.batches(agencyFile(bets), maxAmount: 65535)
    #expect(made.sent.flatMap(\.bets) == bets)
    #expect(made.sizes.allSatisfy { $0 <= 8000 })
    // The largest of these bets takes 37 bytes.
    #expect(made.sizes.dropLast().allSatisfy { $0 > 8000 - 37 })
  }

  @Test(arguments: [0, 1, 3, 4])
  func `the bets before a bad row come out, and then the failure`(good: Int) throws {
    let bets = try sampleBets(0..<good)
    let text = agencyFile(bets) + "Ana\r\n" + agencyFile(try sampleBets(10..<20))
    let made = try Self.batches(text, maxAmount: 3)
    #expect(made.sent.flatMap(\.bets) == bets)
    #expect(made.batches.map(\.count) == [3, 3].prefix(good / 3) + [good % 3].filter { $0 > 0 })
    #expect(made.total == UInt64(good))
    guard case .badRow(_, line: good + 1, _)? = made.failure else {
      Issue.record("\(made.failure as Any)")
      return
    }
  }

  /// What was made out of a file.
  private struct Made {
    var batches: [AgencyFile.Batch] = []
    /// The bytes of each frame, header included.
    var sizes: [Int] = []
    var sent: [(offset: UInt64, bets: [Bet])] = []
    var failure: AgencyError?
    var total: UInt64 = 0
  }

  private static func batches(
    _ text: String, skipping stored: Int = 0, maxAmount: Int
  ) throws -> Made {
    try withAgencyFile(text.utf8) { _, path in
      var file = try AgencyFile(path: path, batchMaxAmount: maxAmount)
      try file.skip(UInt64(stored), lastBet: stored == 0 ? nil : sampleBet(stored - 1))
      var made = Made()
      var frames: [UInt8] = []
      while let batch = file.nextBatch(appendingTo: &frames) {
        made.batches.append(batch)
        made.sizes.append(frames.count - made.sizes.reduce(0, +))
      }
      // Once there are no more, there are no more.
      #expect(file.nextBatch(appendingTo: &frames) == nil)
      made.sent = try decodedBatches(frames)
      made.failure = file.failure
      made.total = file.total
      return made
    }
  }

  private static func cut(_ bets: [Bet], _ counts: [Int]) -> [[Bet]] {
    var rest = bets[...]
    return counts.map { count in
      defer { rest = rest.dropFirst(count) }
      return Array(rest.prefix(count))
    }
  }
}
