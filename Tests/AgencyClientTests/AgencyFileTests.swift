import Glibc
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite struct AgencyFileTests {
  @Test(arguments: ["\n", "\r\n"], [true, false])
  func `rows may end in LF or CRLF, the last one also with the file`(
    lineEnd: String, endsLastRow: Bool
  ) throws {
    let bets = try sampleBets(0..<3)
    var text = agencyFile(bets, lineEnd: lineEnd)
    if !endsLastRow { text.removeLast() }
    let read = try withAgencyFile(text.utf8) { file, _ in try file.rest() }
    #expect(read == bets)
  }

  @Test func `a file may end in a carriage return`() throws {
    let bets = try sampleBets(0..<2)
    let text = agencyFile(bets).dropLast() + "\r"
    #expect(try withAgencyFile(text.utf8) { file, _ in try file.rest() } == bets)
  }

  @Test func `half a row of a file that is rewritten is no bet`() throws {
    let directory = TemporaryDirectory()
    let rows = agencyFile(try sampleBets(0..<1)) + "Ana,Pérez,1,1999-12-31,"
    let path = try directory.path(of: "agency.csv", holding: rows + "7574\r\n")
    var file = try AgencyFile(path: path, batchMaxAmount: 10)
    try directory.write((rows + "75").utf8, to: "agency.csv")
    var frames: [UInt8] = []
    #expect(try file.nextBatch(appendingTo: &frames)?.count == 1)
    let error = #expect(throws: AgencyError.changed(path: path)) {
      try file.nextBatch(appendingTo: &frames)
    }
    #expect(error?.exitStatus == .noInput)
  }

  @Test func `an empty file has no bets, however often the caller asks`() throws {
    try withAgencyFile("".utf8) { file, _ in
      for _ in 0..<2 {
        let bet = try file.next()
        #expect(bet == nil)
      }
    }
  }

  @Test func `names may hold commas, quotes and line breaks`() throws {
    let text = "\"Ana, \"\"la\"\"\",\"Pé\nrez\",007,2000-02-29,0\r\n"
    let bet = try #require(try withAgencyFile(text.utf8) { file, _ in try file.nextBet() })
    #expect(bet.firstName == "Ana, \"la\"")
    #expect(bet.lastName == "Pé\nrez")
    #expect(bet.document == "007")
    #expect(bet.birthdate.description == "2000-02-29")
    #expect(bet.number == 0)
  }

  @Test func `a file that is not there is unreadable, with its path and the reason`() throws {
    let path = TemporaryDirectory().file("agency-1.csv")
    let error = #expect(throws: AgencyError.self) {
      _ = try AgencyFile(path: path, batchMaxAmount: 1)
    }
    #expect(error?.description == "\(path): open: No such file or directory")
    #expect(error?.exitStatus == .noInput)
  }

  @Test func `a directory and a pipe without a writer are refused at once`() throws {
    let directory = TemporaryDirectory()
    let pipe = directory.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    for path in [directory.path, pipe] {
      let error = #expect(throws: AgencyError.self) {
        _ = try AgencyFile(path: path, batchMaxAmount: 1)
      }
      #expect(error?.description == "\(path): not a regular file")
      #expect(error?.exitStatus == .noInput)
    }
  }

  @Test func `/dev/null holds no bets`() throws {
    var file = try AgencyFile(path: "/dev/null", batchMaxAmount: 1)
    #expect(try file.rest().isEmpty)
  }

  @Test func `a file of many chunks passes through a buffer of one`() throws {
    let part = try sampleBets(0..<1000)
    let text = agencyFile(part)
    let copies = 1_000_000 / text.utf8.count + 1
    let bytes = Array(repeating: Array(text.utf8), count: copies).joined()
    let count = try withAgencyFile(bytes) { file, _ in
      var count = 0
      var largest = 0
      while let bet = try file.nextBet() {
        if bet != part[count % part.count] { Issue.record("bet \(count) is \(bet)") }
        count += 1
        largest = max(largest, file.rows.storage.capacity)
      }
      #expect(largest < 2 * CSVFile.chunkSize)
      return count
    }
    #expect(count == copies * part.count)
  }
}

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
    var batches: [SentBatch] = []
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
      // Once there are no more, there are no more.
      for _ in 0..<2 {
        do throws(AgencyError) {
          while let batch = try file.nextBatch(appendingTo: &frames) {
            made.batches.append(batch)
            made.sizes.append(frames.count - made.sizes.reduce(0, +))
          }
        } catch {
          made.failure = error
        }
      }
      made.sent = try decodedBatches(frames)
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

/// Skips the bets that the server has.
@Suite struct AgencyFileSkipTests {
  @Test(arguments: [0, 1, 2, 5])
  func `the bets that the server has are skipped`(stored: Int) throws {
    let bets = try sampleBets(0..<5)
    try withAgencyFile(agencyFile(bets).utf8) { file, _ in
      try file.skip(UInt64(stored), lastBet: stored == 0 ? nil : bets[stored - 1])
      #expect(try file.rest() == Array(bets[stored...]))
    }
  }

  @Test func `another last bet means another file, whatever field it differs in`() throws {
    let bets = try sampleBets(0..<5)
    let last = bets[2]
    for other in try Self.neighbours(of: last) {
      try withAgencyFile(agencyFile(bets).utf8) { file, path in
        let error = #expect(throws: AgencyError.self) { try file.skip(3, lastBet: other) }
        #expect(
          error
            == .otherFile(
              path: path, reason: "the server stored another bet than the one on line 3"))
        #expect(error?.exitStatus == .otherFile)
      }
    }
  }

  @Test(arguments: [6, 7, 1 << 40] as [UInt64])
  func `a file shorter than what is stored is another file`(stored: UInt64) throws {
    let bets = try sampleBets(0..<5)
    try withAgencyFile(agencyFile(bets).utf8) { file, path in
      let error = #expect(throws: AgencyError.self) { try file.skip(stored, lastBet: bets[4]) }
      #expect(error == .otherFile(path: path, reason: "it has 5 bets, the server stored \(stored)"))
    }
  }

  @Test func `the stored bets are skipped even if the next one is bad`() throws {
    let bets = try sampleBets(0..<2)
    try withAgencyFile((agencyFile(bets) + "Ana\n").utf8) { file, _ in
      try file.skip(2, lastBet: bets[1])
      #expect(throws: AgencyError.self) { try file.next() }
    }
  }

  /// Bets that differ from `bet` in one field each.
  private static func neighbours(of bet: Bet) throws -> [Bet] {
    func make(
      _ first: String? = nil, _ last: String? = nil, _ document: String? = nil,
      _ date: String? = nil, _ number: String? = nil
    ) throws -> Bet {
      try Bet(
        firstName: first ?? bet.firstName, lastName: last ?? bet.lastName,
        document: document ?? bet.document, birthdate: date ?? "\(bet.birthdate)",
        number: number ?? "\(bet.number)")
    }
    return try [
      make("Eva"), make(nil, "Pe\u{301}rez"), make(nil, "Pèrez"),
      make(nil, nil, "0" + bet.document),
      make(nil, nil, nil, "1999-12-30"), make(nil, nil, nil, nil, "4294967295"),
    ]
  }
}

@Suite struct AgencyFileBadRowTests {
  @Test(arguments: [
    ("Ana,Pérez,1,1999-12-31", "4 fields: must be 5"),
    ("Ana,Pérez,1,1999-12-31,7,", "6 fields: must be 5"),
    ("Ana", "1 fields: must be 5"),
    ("Ana,Pérez,1,1999-02-29,7", "birthdate \"1999-02-29\": must be a date that exists"),
    ("Ana,Pérez,1,31/12/1999,7", "birthdate \"31/12/1999\": must be a date that exists"),
    ("Ana,Pérez,1x,1999-12-31,7", "document \"1x\": must be 1 to 20 digits"),
    ("Ana,Pérez,,1999-12-31,7", "document \"\": must be 1 to 20 digits"),
    ("Ana,Pérez,123456789012345678901,1999-12-31,7", "document \"123456789012345678901\""),
    ("Ana,Pérez,1,1999-12-31,-7", "number \"-7\": must be a whole number"),
    ("Ana,Pérez,1,1999-12-31,4294967296", "number \"4294967296\": must be a whole number"),
    ("Ana,Pérez,1, 1999-12-31,7", "birthdate \" 1999-12-31\": must be a date"),
    ("\"Ana\"x,Pérez,1,1999-12-31,7", "after a closing quote only a comma"),
    ("Ana\r,Pérez,1,1999-12-31,7", "a carriage return without a line feed"),
    // Reported where its row begins.
    ("\"Ana,Pérez,1,1999-12-31,7\nand\nso on", "the file ends inside a quoted field"),
    // Not every Python can read it back.
    ("A\u{0}na,Pérez,1,1999-12-31,7", "must be free of NUL"),
    ("\"A\u{0}na\",Pérez,1,1999-12-31,7", "must be free of NUL"),
  ])
  func `each is reported with the line, the value and the rule`(row: String, reason: String) throws
  {
    try expectBadRow(Array((agencyFile(try sampleBets(0..<2)) + row + "\n").utf8), at: 3, reason)
  }

  @Test func `a name that is not UTF-8 is reported in readable form`() throws {
    let row = Array("Ana ".utf8) + [0xFF] + Array(",Pérez,1,1999-12-31,7\n".utf8)
    try expectBadRow(
      Array(agencyFile(try sampleBets(0..<2)).utf8) + row, at: 3, "must be valid UTF-8")
  }

  @Test func `a name of 255 bytes is taken, one of 256 is not`() throws {
    let longest = String(repeating: "ñ", count: 127) + "n"
    let rest = ",Pérez,1,1999-12-31,7\n"
    let text = longest + rest + longest + "n" + rest
    try withAgencyFile(text.utf8) { file, path in
      let bet = try file.nextBet()
      #expect(bet?.firstName == longest)
      let error = #expect(throws: AgencyError.self) { try file.next() }
      #expect(error?.description.hasPrefix("\(path):2: first name") == true)
      #expect(error?.description.hasSuffix("must be at most 255 bytes long") == true)
    }
  }

  @Test func `line breaks in quotes and empty lines count as lines`() throws {
    let text =
      "\"A\nn\r\na\",Pérez,1,1999-12-31,7\r\n\r\n\nAna,Pérez,2,1999-12-31,7\nAna,Pérez,x,1999-12-31,7\n"
    try expectBadRow(Array(text.utf8), at: 7, "document \"x\"")
  }

  /// Expects two good bets and then a bad row.
  private func expectBadRow(_ text: [UInt8], at line: Int, _ reason: String) throws {
    try withAgencyFile(text) { file, path in
      for _ in 0..<2 { _ = try #require(try file.next()) }
      let error = #expect(throws: AgencyError.self) { try file.next() }
      #expect(error?.description.hasPrefix("\(path):\(line): ") == true, "\(error as Any)")
      #expect(error?.description.contains(reason) == true, "\(error as Any)")
      #expect(error?.exitStatus == .badData)
    }
  }
}
