import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Batches of a file, also after the bets that the server has. What a row may be is tested in
/// `LotteryProtocolTests`.
@Suite struct AgencyFileTests {
  @Test(
    arguments: [
      (0, 0, 3, []), (1, 0, 3, [1]), (3, 0, 3, [3]), (4, 0, 3, [3, 1]), (3, 0, 1, [1, 1, 1]),
      (4, 0, 65535, [4]), (4, 1, 3, [3]), (9, 2, 3, [3, 3, 1]), (2000, 1999, 3, [1]),
      (5, 5, 3, []), (5000, 0, 65535, nil),
    ] as [(Int, Int, Int, [Int]?)])
  func `only the last batch after the stored bets is shorter than may be`(
    count: Int, stored: Int, maxAmount: Int, counts: [Int]?
  ) throws {
    // Rows of which every other one needs quotes, or none, and a last row that ends with the file.
    for (step, end) in [(1, ""), (2, "\r")] {
      let bets = try (0..<count).map { try sampleBet($0 * step) }
      let text = agencyFile(bets.dropLast()) + agencyFile(bets.suffix(1), lineEnd: end)
      let made = try batches(text, after: bets[..<stored], maxAmount: maxAmount)
      #expect(made.holds(bets[stored...]))
      #expect(made.failure == nil)
      // The largest of these bets takes 37 bytes.
      #expect(made.frames.allSatisfy { $0.count <= 8000 })
      let full = made.frames.dropLast().allSatisfy { $0.count > 8000 - 37 }
      #expect(counts.map { $0 == made.counts } ?? full)
    }
  }

  @Test(
    arguments: [0, 1, 3, 4],
    [
      ("Ana,Pérez,1,1999-12-31", 0, "4 fields: must be 5"),
      ("Ana,Pérez,1,1999-02-29,7", 0, "birthdate \"1999-02-29\": must be a date that exists"),
      ("\"Ana\"x,Pérez,1,1999-12-31,7", 0, "after a closing quote only a comma"),
      // Reported where its row begins.
      ("\"Ana,Pérez,1,1999-12-31,7\nand\nso on", 0, "the file ends inside a quoted field"),
      ("\r\n\n\"A\nn\",Pérez,x,1999-12-31,7", 2, "document \"x\": must be 1 to 20 digits"),
    ])
  func `the bets before a bad row come out, and then its line, the value and the rule`(
    good: Int, bad: (row: String, line: Int, reason: String)
  ) throws {
    let bets = try sampleBets(0..<good)
    // No row after the bad one comes out.
    let after = String(repeating: "\nAna,Paz,1,1999-12-31,7", count: 10)
    let made = try batches(agencyFile(bets) + bad.row + after, maxAmount: 3)
    #expect(made.holds(bets[...]))
    #expect(made.counts == [3].prefix(good / 3) + [good % 3].filter { $0 > 0 })
    let line = good + 1 + bad.line
    guard case .badRow(let path, line, let reason)? = made.failure else {
      Issue.record("\(made.failure as Any)")
      return
    }
    #expect(path.hasSuffix("/agency.csv") && reason.hasPrefix(bad.reason))
  }

  @Test func `another last bet or fewer bets than are stored mean another file`() throws {
    let bets = try sampleBets(0..<5)
    let line = "the server stored another bet than the one on line 3"
    for (stored, last, reason) in [
      (3, bets[1], line), (3, try sampleBet(2, number: 9), line), (3, nil, line),
      (6, bets[4], "it has 5 bets, the server stored 6"),
      (1 << 40, bets[4], "it has 5 bets, the server stored \(1 << 40)"),
    ] as [(UInt64, Bet?, String)] {
      try withAgencyFile(agencyFile(bets)) { file, path in
        _ = #expect(throws: AgencyError.otherFile(path: path, reason: reason)) {
          try file.skip(stored, lastBet: last)
        }
      }
    }
  }

  /// What was made out of a file.
  private struct Made {
    var batches: [SentBatch] = []
    var frames: [[UInt8]] = []
    var failure: AgencyError?
    var total: UInt64 = 0

    var counts: [Int] { batches.map(\.count) }

    /// Whether it is `bets`, each at its place in the file.
    func holds(_ bets: ArraySlice<Bet>) -> Bool {
      var rest = bets
      for (batch, frame) in zip(batches, frames) {
        if frame != Frames.batch(Array(rest.prefix(batch.count)), at: UInt64(rest.startIndex)) {
          return false
        }
        rest = rest.dropFirst(batch.count)
        if batch.end != rest.startIndex { return false }
      }
      return rest.isEmpty && total == bets.endIndex
    }
  }

  private func batches(
    _ text: String, after stored: ArraySlice<Bet> = [], maxAmount: Int
  ) throws -> Made {
    try withAgencyFile(text, batchMaxAmount: maxAmount) { file, _ in
      try file.skip(UInt64(stored.count), lastBet: stored.last)
      var made = Made()
      // Once there are no more, there are no more.
      for _ in 0..<2 {
        do throws(AgencyError) {
          var frames: [UInt8] = []
          while let batch = try file.nextBatch(appendingTo: &frames) {
            made.batches.append(batch)
            made.frames.append(frames)
            frames = []
          }
        } catch {
          made.failure = error
        }
      }
      made.total = file.total
      return made
    }
  }

  /// Runs `body` with a file that holds `text`, and with its path.
  private func withAgencyFile<Value>(
    _ text: String, batchMaxAmount: Int = 1,
    _ body: (inout AgencyFile, String) throws -> Value
  ) throws -> Value {
    let directory = TemporaryDirectory()
    let path = try directory.path(of: "agency.csv", holding: text)
    var file = try AgencyFile(path: Path(path), batchMaxAmount: batchMaxAmount)
    return try body(&file, path)
  }
}
