import Glibc
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Batches of a file, also after the bets that the server has.
@Suite struct AgencyFileTests {
  @Test(
    arguments: [
      (0, 0, 3, []), (1, 0, 3, [1]), (3, 0, 3, [3]), (4, 0, 3, [3, 1]), (3, 0, 1, [1, 1, 1]),
      (4, 0, 65535, [4]), (4, 1, 3, [3]), (9, 2, 3, [3, 3, 1]), (2000, 1999, 3, [1]),
      (5, 5, 3, []),
    ] as [(Int, Int, Int, [Int])])
  func `only the last batch after the stored bets is shorter than may be`(
    count: Int, stored: Int, maxAmount: Int, counts: [Int]
  ) throws {
    // Rows of which every other one needs quotes, or none.
    for step in [1, 2] {
      let bets = try (0..<count).map { try sampleBet($0 * step) }
      let made = try batches(agencyFile(bets), after: bets[..<stored], maxAmount: maxAmount)
      #expect(made.batches.map(\.count) == counts)
      #expect(made.holds(bets[stored...]))
      #expect(made.failure == nil)
    }
  }

  @Test func `full packets follow one another, each as full as the next bet allows`() throws {
    let bets = try sampleBets(0..<5000)
    let made = try batches(agencyFile(bets), maxAmount: 65535)
    #expect(made.holds(bets[...]))
    #expect(made.sizes.allSatisfy { $0 <= 8000 })
    // The largest of these bets takes 37 bytes.
    #expect(made.sizes.dropLast().allSatisfy { $0 > 8000 - 37 })
  }

  @Test(arguments: [0, 1, 3, 4])
  func `the bets before a bad row come out, and then the failure`(good: Int) throws {
    let bets = try sampleBets(0..<good)
    let text = agencyFile(bets) + "Ana\r\n" + agencyFile(try sampleBets(10..<20))
    let made = try batches(text, maxAmount: 3)
    #expect(made.holds(bets[...]))
    #expect(made.batches.map(\.count) == [3].prefix(good / 3) + [good % 3].filter { $0 > 0 })
    guard case .badRow(_, line: good + 1, _)? = made.failure else {
      Issue.record("\(made.failure as Any)")
      return
    }
  }

  @Test func `the last row may end with the file`() throws {
    let bets = try sampleBets(0..<2)
    for end in ["", "\r", "\n", "\r\n"] {
      let text = agencyFile([bets[0]]) + agencyFile([bets[1]], lineEnd: end)
      let made = try batches(text, maxAmount: 3)
      #expect(made.holds(bets[...]))
    }
  }

  @Test func `half a row of a file that is rewritten is no bet`() throws {
    let directory = TemporaryDirectory()
    let rows = agencyFile(try sampleBets(0..<1)) + "Ana,Pérez,1,1999-12-31,"
    let path = try directory.path(of: "agency.csv", holding: rows + "7574\r\n")
    var file = try AgencyFile(path: Path(path), batchMaxAmount: 10)
    try directory.write((rows + "75").utf8, to: "agency.csv")
    var frames: [UInt8] = []
    #expect(try file.nextBatch(appendingTo: &frames)?.count == 1)
    #expect(throws: AgencyError.changed(path: path)) {
      try file.nextBatch(appendingTo: &frames)
    }
  }

  @Test func `what is no regular file is refused at once, /dev/null holds no bets`() throws {
    let directory = TemporaryDirectory()
    let (pipe, missing) = (directory.file("pipe"), directory.file("missing"))
    try #require(mkfifo(pipe, 0o600) == 0)
    for (path, reason) in [
      (directory.path, "not a regular file"), (pipe, "not a regular file"),
      (missing, "open: No such file or directory"),
    ] {
      let error = #expect(throws: AgencyError.self) {
        _ = try AgencyFile(path: Path(path), batchMaxAmount: 1)
      }
      #expect(error?.description == "\(path): \(reason)")
    }
    var null = try AgencyFile(path: "/dev/null", batchMaxAmount: 1)
    for _ in 1...2 { #expect(try null.next() == nil) }
  }

  @Test func `another last bet or fewer bets than are stored mean another file`() throws {
    let bets = try sampleBets(0..<5)
    let line = "the server stored another bet than the one on line 3"
    for (stored, last, reason) in [
      (3, bets[1], line), (3, try sampleBet(2, number: 9), line), (3, nil, line),
      (6, bets[4], "it has 5 bets, the server stored 6"),
      (1 << 40, bets[4], "it has 5 bets, the server stored \(1 << 40)"),
    ] as [(UInt64, Bet?, String)] {
      try withAgencyFile(agencyFile(bets).utf8) { file, path in
        _ = #expect(throws: AgencyError.otherFile(path: path, reason: reason)) {
          try file.skip(stored, lastBet: last)
        }
      }
    }
  }

  @Test(arguments: [
    ("Ana,Pérez,1,1999-12-31", 3, "4 fields: must be 5"),
    ("Ana,Pérez,1,1999-02-29,7", 3, "birthdate \"1999-02-29\": must be a date that exists"),
    ("\"Ana\"x,Pérez,1,1999-12-31,7", 3, "after a closing quote only a comma"),
    // Reported where its row begins.
    ("\"Ana,Pérez,1,1999-12-31,7\nand\nso on", 3, "the file ends inside a quoted field"),
    ("\r\n\n\"A\nn\",Pérez,x,1999-12-31,7", 5, "document \"x\": must be 1 to 20 digits"),
  ])
  func `a bad row is reported with its line, the value and the rule`(
    row: String, line: Int, reason: String
  ) throws {
    try withAgencyFile((agencyFile(try sampleBets(0..<2)) + row + "\n").utf8) { file, path in
      for _ in 0..<2 { _ = try #require(try file.next()) }
      let error = #expect(throws: AgencyError.self) { try file.next() }
      #expect(error?.description.hasPrefix("\(path):\(line): \(reason)") == true, "\(error as Any)")
    }
  }

  /// What was made out of a file.
  private struct Made {
    var batches: [SentBatch] = []
    var frames: [UInt8] = []
    /// The bytes of each frame, header included.
    var sizes: [Int] = []
    var failure: AgencyError?
    var total: UInt64 = 0

    /// Whether it is `bets`, each at its place in the file.
    func holds(_ bets: ArraySlice<Bet>) -> Bool {
      var (start, expected) = (bets.startIndex, [UInt8]())
      for batch in batches {
        let end = min(start + batch.count, bets.endIndex)
        expected += Frames.batch(Array(bets[start..<end]), at: UInt64(start))
        start += batch.count
        if batch.end != start { return false }
      }
      return start == bets.endIndex && total == start && frames == expected
    }
  }

  private func batches(
    _ text: String, after stored: ArraySlice<Bet> = [], maxAmount: Int
  ) throws -> Made {
    try withAgencyFile(text.utf8, batchMaxAmount: maxAmount) { file, _ in
      try file.skip(UInt64(stored.count), lastBet: stored.last)
      var made = Made()
      // Once there are no more, there are no more.
      for _ in 0..<2 {
        do throws(AgencyError) {
          while let batch = try file.nextBatch(appendingTo: &made.frames) {
            made.batches.append(batch)
            made.sizes.append(made.frames.count - made.sizes.reduce(0, +))
          }
        } catch {
          made.failure = error
        }
      }
      made.total = file.total
      return made
    }
  }
}

/// Runs `body` with a file that holds `text`, and with its path.
private func withAgencyFile<Value>(
  _ text: some Sequence<UInt8>, batchMaxAmount: Int = 1,
  _ body: (inout AgencyFile, String) throws -> Value
) throws -> Value {
  let directory = TemporaryDirectory()
  try directory.write(text, to: "agency.csv")
  let path = directory.file("agency.csv")
  var file = try AgencyFile(path: Path(path), batchMaxAmount: batchMaxAmount)
  return try body(&file, path)
}
