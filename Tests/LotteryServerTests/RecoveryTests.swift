import Glibc
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What a store that starts again makes of its files: what may be cut off, and what may not.
///
/// One after the other: recoveries take no turns, and would hold all threads of the tests.
@Suite(.serialized, .timeLimit(.minutes(10))) struct RecoveryTests {
  let directory = TemporaryDirectory(isInMemory: true)

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
    let bets = try Journal(path: Path(directory.file("bets.csv")))
    let finished = try Journal(path: Path(directory.file("finished.csv")))
    defer { for journal in [bets, finished] { journal.close() } }
    truncate(bets.path, 50)
    #expect(throws: StorageError.unreadable(path: bets.path, .endsEarly)) {
      try Recovery.read(bets: bets, finished: finished)
    }
    #expect(try directory.read("bets.csv").count == 50)
  }

  // MARK: Damage

  /// Starts a store over these files, and lets go of them. Returns their damage, which leaves them as
  /// they are, or nil if it starts, which leaves their beginning.
  private func damage(_ bets: [UInt8], _ finished: [UInt8] = []) throws -> StorageError? {
    try directory.write(bets, to: "bets.csv")
    try directory.write(finished, to: "finished.csv")
    do {
      try BetStore(directory).close()
      #expect(try zip([bets, finished], directory.files).allSatisfy { $0.starts(with: $1) })
      return nil
    } catch let error as StorageError {
      #expect(try directory.files == [bets, finished])
      guard case .damaged = error else { throw error }
      return error
    }
  }

  /// How many bytes are left of this `bets.csv`, or nil if it is damaged.
  private func left(of bets: [UInt8]) throws -> Int? {
    try damage(bets) == nil ? directory.read("bets.csv").count : nil
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
    #expect(try damage(file) == .damaged(path: path, line: 3, reason: reason))
  }

  @Test(arguments: [
    ("1,2,3", "must be agency,total"), ("1,-2", "must be agency,total"),
    ("0,0", "agency 0: must be at least 1"),
    ("1,1", "agency 1 finished with 1 bets, but 2 are stored"),
    ("9,1", "agency 9 finished with 1 bets, but 0 are stored"),
  ])
  func `so does a row of finished csv`(row: String, reason: String) throws {
    let bets = rows(try sampleBets(0..<2)) + "1,torn".utf8
    #expect(
      try damage(bets, Array("2,0\r\n\(row)\r\n3,".utf8))
        == .damaged(path: directory.file("finished.csv"), line: 2, reason: reason))
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
      #expect(try left(of: Self.row + rest.prefix(size)) == Self.row.count)
    }
    #expect(try left(of: Self.row + rest) == Self.row.count)
    #expect(try left(of: rest) == 0)
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
    #expect(try left(of: Self.row + rest.utf8) == nil)
    #expect(try left(of: Array(rest.utf8)) == nil)
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
      #expect(try [nil, bytes.count].contains(left(of: bytes)), "at \(index)")
    }
  }

  @Test func `a whole row without its line end is cut off, unless finished csv counts it`() throws {
    let bets = Self.row + Self.row.dropLast(2)
    #expect(try left(of: bets) == Self.row.count)
    #expect(try damage(bets, Array("1,2\r\n".utf8)) != nil)
  }

  @Test(arguments: [
    "1", "1,", "1\0\0", "x", "01,", "0,", "1,x", "1,02", "4294967296", "1,2,", "\"1", "\r",
  ])
  func `the beginning of a row of finished csv is cut off, and nothing else`(rest: String) throws {
    let finished = Array("1,1\r\n".utf8)
    let isBeginning = ["1", "1,", "1\0\0"].contains(rest)
    #expect(try (damage(Self.row, finished + rest.utf8) == nil) == isBeginning)
    if isBeginning { #expect(try directory.files == [Self.row, finished]) }
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
    #expect(try left(of: rows + begun + page) == whole)
    #expect(try left(of: rows + begun + page + "az,28113455,19".utf8) == whole)
    #expect(try left(of: rows + begun + page + page + "987-11-02,42\r\n1,A".utf8) == whole)
    // The first page of the group begins where the file ended.
    #expect(try left(of: rows + page.prefix(50) + "987-11-02,42\r\n1,A".utf8) == whole)
    // Neither ends with a row, or the rest holds one, or the run is no page.
    #expect(try left(of: rows + begun + page + "az,28113455,1987-11-02,42\r\n".utf8) == nil)
    #expect(try left(of: rows + begun + page + "\r\n".utf8 + row + "1,A".utf8) == nil)
    #expect(try left(of: rows + page.prefix(50) + row) == nil)
    #expect(try left(of: rows + begun + page.dropLast() + "az,28113455,19".utf8) == nil)
    #expect(try left(of: rows + begun.dropLast() + page + "az,28113455,19".utf8) == nil)
    #expect(try left(of: rows + "n".utf8 + page.prefix(49) + "az,28113455,19".utf8) == nil)
  }

  // MARK: The sweep

  /// A `bets.csv` of a few groups, all but the last one acknowledged.
  private struct SweptFile {
    private(set) var bytes: [UInt8] = []
    /// Bytes of the groups that are acknowledged.
    private(set) var acknowledged = 0
    /// Where rows end, and 0.
    private var ends = [0]

    init() throws {
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
    }

    /// Bytes of whole rows before the byte at `index`.
    func wholeRows(before index: Int) -> Int { ends.last { $0 <= index } ?? 0 }
  }

  @Test func `a file that ends at any byte keeps its whole rows`() throws {
    let file = try SweptFile()
    for size in 0..<file.bytes.count {
      let left = try left(of: Array(file.bytes[..<size]))
      #expect(left == file.wholeRows(before: size), "of \(size) bytes")
    }
  }

  @Test(arguments: 0..<8)
  func `with any flipped bit, only what was not acknowledged is cut off`(bit: Int) throws {
    let file = try SweptFile()
    // Every bit of the last group, and one of each byte before.
    for index in max(0, file.bytes.count - 4096)..<file.bytes.count
    where index >= file.acknowledged || index % 8 == bit {
      var bytes = file.bytes
      bytes[index] ^= 1 << UInt8(bit)
      guard let left = try left(of: bytes), left < bytes.count else { continue }
      // What is cut off begins with the row of that bit.
      #expect(left >= file.acknowledged, "bit \(bit) of \(index)")
      #expect(left == file.wholeRows(before: index), "bit \(bit) of \(index)")
    }
  }

  @Test func `with NUL bytes anywhere, likewise`() throws {
    let file = try SweptFile()
    var random = SeededGenerator(seed: 6)
    for round in 0..<2000 {
      let start = Int.random(in: 0..<file.bytes.count, using: &random)
      let last = min(file.bytes.count, start + .random(in: 1...4500, using: &random))
      let end = round % 3 == 0 ? file.bytes.count : last
      let nuls = [UInt8](repeating: 0, count: end - start)
      // Up to the end, they stand for what was never written: as if the file ended before them.
      guard let left = try left(of: file.bytes[..<start] + nuls + file.bytes[end...]) else {
        #expect(end < file.bytes.count, "from \(start)")
        continue
      }
      #expect(left == file.wholeRows(before: start), "\(start)..<\(end)")
      #expect(left >= file.acknowledged || end == file.bytes.count, "\(start)..<\(end)")
    }
  }
}
