import Glibc
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What a store that starts again makes of its files: what may be cut off, and what may not.
///
/// One after the other: recoveries take no turns, and would hold all threads of the tests.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RecoveryTests {
  let directory = TemporaryDirectory()

  @Test func `every agency continues where it was, and the report counts what was found`()
    async throws
  {
    let agencies: [UInt32] = [1, 65_535, 65_536, 9_999_999, 10_000_000, .max]
    // The agencies' rows take turns.
    let bets = try (0..<20).flatMap { index in
      try agencies.map { StoredBet(agency: $0, bet: try sampleBet(index, of: $0)) }
    }
    let odd = try Bet(
      firstName: "José \"Pepe\"\r\nJuan", lastName: "\n", document: "0042",
      birthdate: "2000-02-29", number: "7574")
    let blank = [UInt8](repeating: 0x0A, count: ProtocolLimits.csvRowSize + 1)
    let whole = blank + rows(bets) + blank + rows([odd], of: 2) + blank
    try directory.write(whole + "1,An".utf8, to: "bets.csv")
    try directory.write("1,20\r\n3,0\r\n2,".utf8, to: "finished.csv")
    let store = try BetStore(directory)
    defer { store.close() }
    for agency in agencies {
      await store.expectStanding(
        of: agency, stored: 20, last: try sampleBet(19, of: agency), hasFinished: agency == 1)
    }
    await store.expectStanding(of: 2, stored: 1, last: odd)
    await store.expectStanding(of: 3, stored: 0, hasFinished: true)
    await store.expectStanding(of: 4, stored: 0)
    let report = store.recovery
    #expect((report.bets, report.agencies, report.finished) == (121, 8, 2))
    #expect(
      report.cuts.map(\.path) == [directory.file("bets.csv"), directory.file("finished.csv")])
    #expect(report.cuts.map(\.beginning) == [Array("1,An".utf8), Array("2,".utf8)])
    #expect(report.tornBytes == 6)
  }

  @Test func `a cancelled task recovers nothing, and changes nothing`() async throws {
    let torn = rows(try sampleBets(0..<3)) + "1,An".utf8
    try directory.write(torn, to: "bets.csv")
    let starting = Task { [directory] in
      withUnsafeCurrentTask { $0?.cancel() }
      try BetStore(directory).close()
    }
    await #expect(throws: CancellationError.self) { try await starting.value }
    #expect(try directory.read("bets.csv") == torn)
    // The directory is free again.
    try BetStore(directory).close()
  }

  @Test func `a file that ends before its size is not cut off`() throws {
    try directory.write(rows(try sampleBets(0..<3)), to: "bets.csv")
    let bets = try Journal(path: directory.file("bets.csv"))
    let finished = try Journal(path: directory.file("finished.csv"))
    defer { for journal in [bets, finished] { journal.close() } }
    truncate(bets.path, 50)
    #expect(throws: StorageError.unreadable(path: bets.path, .endsEarly)) {
      try Recovery.read(bets: bets, finished: finished)
    }
    #expect(try directory.read("bets.csv").count == 50)
  }

  // MARK: Damage

  /// The store refuses to start over these files, and leaves them as they are. It lets go of them:
  /// the next start would say that they are in use.
  private func expectDamage(
    _ bets: [UInt8], _ finished: [UInt8] = [], error expected: StorageError? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try directory.write(bets, to: "bets.csv")
    try directory.write(finished, to: "finished.csv")
    let error = #expect(throws: StorageError.self, sourceLocation: sourceLocation) {
      try BetStore(directory).close()
    }
    if case .damaged? = error {} else { Issue.record("\(String(describing: error))") }
    if let expected { #expect(error == expected, sourceLocation: sourceLocation) }
    #expect(try directory.files == [bets, finished], sourceLocation: sourceLocation)
  }

  /// The store starts over these files, and keeps the first bytes of `bets.csv`.
  private func expectCut(
    _ bets: [UInt8], to size: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try directory.write(bets, to: "bets.csv")
    try directory.write([], to: "finished.csv")
    let store = try BetStore(directory)
    defer { store.close() }
    #expect(store.recovery.tornBytes == bets.count - size, sourceLocation: sourceLocation)
    #expect(
      try directory.read("bets.csv") == Array(bets.prefix(size)), sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    (
      "1,Ana,Diaz,1,1999-12-31",
      "5 fields: must be 6 (agency, first name, last name, document, birthdate, number)"
    ),
    (
      "4294967296,Ana,Diaz,1,1999-12-31,7",
      "agency \"4294967296\": must be a whole number from 1 to 4294967295"
    ),
    ("1,Ana,Diaz,1a,1999-12-31,7", "document \"1a\": must be 1 to 20 digits"),
    (
      "1,\"Ana\" Diaz,1,1999-12-31,7",
      "after a closing quote only a comma or the end of the line may follow"
    ),
    (
      "1," + String(repeating: "\0", count: ProtocolLimits.csvRowSize) + ",Diaz,1,1999-12-31,7",
      "a row must not be longer than 4096 bytes"
    ),
  ])
  func `a row that no server wrote is named, and stays as it is`(
    row: String, reason: String
  ) throws {
    // Two lines for the first row, and a torn one at the end, which must not be cut off either.
    let file = Array("1,\"Ana\n\",Diaz,1,1999-12-31,7\r\n\(row)\r\n2,Juan,P".utf8)
    let path = directory.file("bets.csv")
    try expectDamage(file, error: .damaged(path: path, line: 3, reason: reason))
  }

  @Test(arguments: [
    ("1,2,3", "must be agency,total"), ("1,-2", "must be agency,total"),
    ("0,0", "agency 0: must be at least 1"),
    ("1,1", "agency 1 finished with 1 bets, but 2 are stored"),
    ("9,1", "agency 9 finished with 1 bets, but 0 are stored"),
  ])
  func `so does a row of finished csv`(row: String, reason: String) throws {
    try expectDamage(
      rows(try sampleBets(0..<2)) + "1,torn".utf8, Array("2,0\r\n\(row)\r\n3,".utf8),
      error: .damaged(path: directory.file("finished.csv"), line: 2, reason: reason))
  }

  // MARK: The rest after the whole rows

  private static let row = Array("1,Ana,Paz,28113455,1987-11-02,42\r\n".utf8)
  private static let name = String(repeating: "n", count: 255)
  private static let quotes = String(repeating: "\"\"", count: 255)
  private static let nuls = String(repeating: "\0", count: 200_000)

  @Test(arguments: [
    "1,\"A\"\"", "1,A,P,1,19", "1,A\0", "1,\(name)", "1,\(name),\(name),1", "1,\"\(quotes)",
    "1,\"\(quotes)\",\"\(quotes)", "1,ñ", "1,李", "1,🎲", "1,\"ñ,李🎲", "1,Ana,Paz,1,1987-11-02,4\r",
    nuls, "1,An" + nuls, "1,\"An\r\n" + nuls,
  ]) func `the beginning of one row, and NUL bytes, are cut off`(rest: String) throws {
    let rest = Array(rest.utf8)
    // At each byte, also within a character.
    for size in 2...max(2, min(rest.count, 12)) {
      try expectCut(Self.row + rest.prefix(size), to: Self.row.count)
    }
    try expectCut(Self.row + rest, to: Self.row.count)
    try expectCut(rest, to: 0)
  }

  @Test(arguments: [
    "some text of somebody's without a line end", "x", "\r", "0", "01", "4294967296",
    "1;", "1,A\"", "1,\"Ana\",", "1,A,P,x", "1,A,P,123456789012345678901",
    "1,A,P,1,1987-13", "1,A,P,1,1987-02-3", "1,A,P,1,0000", "1,A,P,1,1987-11-02,x",
    "1,A,P,1,1987-11-02,042", "1,A,P,1,1987-11-02,4294967296", "1,A,P,1,1987-11-02,1,",
    "1,A,P,\"1", "1,\u{FFFD}\r", "1,\"b,Paz,28113455,1987-11-02,42\r\n",
    "1,\"b,Paz,28113455,1987-11-02,42\n", "1,\"A\n,9,1999-01-01,1\r\nB",
    "1,\(name)n", "1,\(name),\(name)n,1", "1,\"\(quotes)\"\"",
  ]) func `what cannot begin one row is damage`(rest: String) throws {
    try expectDamage(Self.row + rest.utf8)
    try expectDamage(Array(rest.utf8))
  }

  @Test(arguments: [
    "1,Ana,Paz,22,2000-01-01,7574", "1,Ana,,22,2000-01-01,7574", "1,,,22,2000-01-01,7574",
    "1,\"A,\"\"b\",\"x\r\ny\",22,2000-01-01,7574",
  ]) func `a last row in which a quote took the place of a byte is never cut off`(row: String)
    throws
  {
    for index in 0..<(row.utf8.count + 2) {
      var bytes = Self.row + (row + "\r\n").utf8
      bytes[Self.row.count + index] = UInt8(ascii: "\"")
      try directory.write(bytes, to: "bets.csv")
      do { try BetStore(directory).close() } catch StorageError.damaged {}
      #expect(try directory.files[0] == bytes, "at \(index)")
    }
  }

  @Test func `a whole row without its line end is cut off, unless finished csv counts it`() throws {
    let bets = Self.row + Self.row.dropLast(2)
    try expectCut(bets, to: Self.row.count)
    try expectDamage(bets, Array("1,2\r\n".utf8))
  }

  @Test(arguments: [
    "1", "1,", "1\0\0", "x", "01,", "0,", "1,x", "1,02", "4294967296", "1,2,", "\"1", "\r",
  ])
  func `the beginning of a row of finished csv is cut off, and nothing else`(rest: String) throws {
    let finished = Array("1,1\r\n".utf8)
    if ["1", "1,", "1\0\0"].contains(rest) {
      try directory.write(Self.row, to: "bets.csv")
      try directory.write(finished + rest.utf8, to: "finished.csv")
      try BetStore(directory).close()
      #expect(try directory.files == [Self.row, finished])
    } else {
      try expectDamage(Self.row, finished + rest.utf8)
    }
  }

  /// Pages of the last group that were never written, in a file in which pages are 4096 bytes.
  @Test func `pages that were never written are cut off with the row around them`() throws {
    let rows = [[UInt8]](repeating: Self.row, count: 119).flatMap(\.self)
    let whole = rows.count
    #expect(whole == 4046)
    let row = Self.row
    let page = [UInt8](repeating: 0, count: 4096)
    let begun = Array("1,\(String(repeating: "n", count: 48))".utf8)
    #expect(whole + begun.count == 4096)
    // A row that begins before the pages, and the group's end, which is not a row's end.
    try expectCut(rows + begun + page, to: whole)
    try expectCut(rows + begun + page + "az,28113455,19".utf8, to: whole)
    try expectCut(rows + begun + page + page + "987-11-02,42\r\n1,A".utf8, to: whole)
    // The first page of the group begins where the file ended.
    try expectCut(rows + page.prefix(50) + "987-11-02,42\r\n1,A".utf8, to: whole)
    // Neither ends with a row, or the rest holds one, or the run is no page.
    try expectDamage(rows + begun + page + "az,28113455,1987-11-02,42\r\n".utf8)
    try expectDamage(rows + begun + page + "\r\n".utf8 + row + "1,A".utf8)
    try expectDamage(rows + page.prefix(50) + row)
    try expectDamage(rows + begun + page.dropLast() + "az,28113455,19".utf8)
    try expectDamage(rows + begun.dropLast() + page + "az,28113455,19".utf8)
    try expectDamage(rows + "n".utf8 + page.prefix(49) + "az,28113455,19".utf8)
  }

  // MARK: The sweep

  /// A `bets.csv` of a few groups, all but the last one acknowledged. It is changed in place:
  /// writing it anew for each recovery takes too long.
  private struct SweptFile: ~Copyable {
    private(set) var bytes: [UInt8] = []
    /// Bytes of the groups that are acknowledged.
    private(set) var acknowledged = 0
    /// Where rows end, and 0.
    private var ends = [0]
    private let paths: [String]
    private let descriptor: Int32

    init(in directory: TemporaryDirectory) throws {
      var random = SeededGenerator(seed: 5)
      let plain = ["Ana", "bob", "Ñandú", "Juan 2", "22", ""]
      let names = ["a,b", "\"b\"", "x\r\ny", "\n"]
      for index in 0..<99 {
        if index == 90 { acknowledged = bytes.count }
        let bet = try Bet(
          firstName: random.pick(random.oneIn(10) ? names : plain), lastName: random.pick(plain),
          document: "\(20_000_000 + index)", birthdate: "1922-02-22", number: "\(22 * index)")
        bytes += rows([bet], of: .random(in: 1...3, using: &random))
        ends.append(bytes.count)
      }
      try directory.write(bytes, to: "bets.csv")
      paths = [directory.file("bets.csv"), directory.file("finished.csv")]
      descriptor = open(paths[0], O_RDWR | O_CLOEXEC)
    }

    deinit { close(descriptor) }

    /// Bytes of whole rows before the byte at `index`.
    func wholeRows(before index: Int) -> Int { ends.last { $0 <= index } ?? 0 }

    /// What the recovery leaves of the file once its bytes at `range` are `bytes`, or once it ends
    /// there if there are none. Nil if it says that the file is damaged.
    func recovered(_ new: [UInt8], at range: Range<Int>) throws -> Int? {
      let size = new.isEmpty ? range.lowerBound : bytes.count
      #expect(pwrite(descriptor, new, new.count, off_t(range.lowerBound)) == new.count)
      #expect(ftruncate(descriptor, off_t(size)) == 0)
      defer { #expect(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count) }
      let (bets, finished) = (try Journal(path: paths[0]), try Journal(path: paths[1]))
      defer {
        bets.close()
        finished.close()
      }
      do {
        _ = try Recovery.read(bets: bets, finished: finished)
      } catch StorageError.damaged {
        #expect(lseek(descriptor, 0, SEEK_END) == size)
        return nil
      }
      // What is left is as it was: a recovery can only make a file shorter.
      return Int(lseek(descriptor, 0, SEEK_END))
    }
  }

  @Test func `a file that ends at any byte keeps its whole rows`() throws {
    let file = try SweptFile(in: directory)
    for size in 0..<file.bytes.count {
      let left = try file.recovered([], at: size..<file.bytes.count)
      #expect(left == file.wholeRows(before: size), "of \(size) bytes")
    }
  }

  @Test(arguments: 0..<8)
  func `with any flipped bit, only what was not acknowledged is cut off`(bit: Int) throws {
    let file = try SweptFile(in: directory)
    // Every bit of the last group, and one of each byte before.
    for index in max(0, file.bytes.count - 4096)..<file.bytes.count
    where index >= file.acknowledged || index % 8 == bit {
      let flipped = file.bytes[index] ^ 1 << UInt8(bit)
      let left = try file.recovered([flipped], at: index..<(index + 1))
      guard let left, left < file.bytes.count else { continue }
      // What is cut off begins with the row of that bit.
      #expect(left >= file.acknowledged, "bit \(bit) of \(index)")
      #expect(left == file.wholeRows(before: index), "bit \(bit) of \(index)")
    }
  }

  @Test func `with NUL bytes anywhere, likewise`() throws {
    let file = try SweptFile(in: directory)
    var random = SeededGenerator(seed: 6)
    for round in 0..<2000 {
      let start = Int.random(in: 0..<file.bytes.count, using: &random)
      let last = min(file.bytes.count, start + .random(in: 1...4500, using: &random))
      let end = round % 3 == 0 ? file.bytes.count : last
      let left = try file.recovered(
        [UInt8](repeating: 0, count: end - start), at: start..<end)
      // Up to the end, they stand for what was never written: as if the file ended before them.
      guard let left else {
        #expect(end < file.bytes.count, "from \(start)")
        continue
      }
      #expect(left == file.wholeRows(before: start), "\(start)..<\(end)")
      #expect(left >= file.acknowledged || end == file.bytes.count, "\(start)..<\(end)")
    }
  }
}
