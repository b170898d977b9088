import Glibc
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What may be cut off a file, and what may not: damage is never taken for what a crash leaves.
///
/// One after the other: recoveries take no turns, and would hold all threads of the tests.
@Suite(.serialized, .timeLimit(.minutes(10))) struct TornFileTests {
  let directory = TemporaryDirectory()

  /// The store refuses to start over these files, and leaves them as they are.
  private func expectDamage(
    _ bets: [UInt8], _ finished: [UInt8] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try directory.write(bets, to: "bets.csv")
    try directory.write(finished, to: "finished.csv")
    let error = #expect(throws: StorageError.self, sourceLocation: sourceLocation) {
      try BetStore(directory: directory.path).close()
    }
    if case .damaged? = error {} else { Issue.record("\(String(describing: error))") }
    #expect(try directory.read("bets.csv") == bets, sourceLocation: sourceLocation)
    #expect(try directory.read("finished.csv") == finished, sourceLocation: sourceLocation)
  }

  /// The store starts over these files, and keeps the first bytes of `bets.csv`.
  private func expectCut(
    _ bets: [UInt8], to size: Int, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    try directory.write(bets, to: "bets.csv")
    try directory.write([], to: "finished.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(store.recovery.tornBytes == bets.count - size, sourceLocation: sourceLocation)
    #expect(
      try directory.read("bets.csv") == Array(bets.prefix(size)), sourceLocation: sourceLocation)
  }

  private static let row = Array("1,Ana,Paz,28113455,1987-11-02,42\r\n".utf8)

  @Test func `a quote that a flipped bit made does not take the rows after it`() throws {
    var bets = Array(String(repeating: "1,bob,Paz,28113455,1987-11-02,42\r\n", count: 200).utf8)
    bets[120 * 34 + 2] ^= UInt8(ascii: "b") ^ UInt8(ascii: "\"")
    try expectDamage(bets)
  }

  @Test(arguments: [
    "some text of somebody's without a line end", "x", "\r", "0", "01", "4294967296",
    "1;", "1,A\"", "1,\"Ana\",", "1,A\0", "1,\"A\"\"", "1,A,P,x", "1,A,P,123456789012345678901",
    "1,A,P,1,19", "1,A,P,1,1987-13", "1,A,P,1,1987-02-3", "1,A,P,1,0000", "1,A,P,1,1987-11-02,x",
    "1,A,P,1,1987-11-02,042", "1,A,P,1,1987-11-02,4294967296", "1,A,P,1,1987-11-02,1,",
    "1,A,P,\"1", "1,\u{FFFD}\r", "1,\"b,Paz,28113455,1987-11-02,42\r\n",
    "1,\"b,Paz,28113455,1987-11-02,42\n", "1,\"A\n,9,1999-01-01,1\r\nB",
  ]) func `what cannot begin one row is damage`(rest: String) throws {
    let beginsOne = ["1,\"A\"\"", "1,A,P,1,19", "1,A\0"].contains(rest)
    if beginsOne { return try expectCut(Self.row + rest.utf8, to: Self.row.count) }
    try expectDamage(Self.row + rest.utf8)
    try expectDamage(Array(rest.utf8))
  }

  @Test func `a name is at most 255 bytes long, and a row no longer than that makes it`() throws {
    let name = String(repeating: "n", count: 255)
    let quotes = String(repeating: "\"\"", count: 255)
    for rest in [
      "1,\(name)", "1,\(name),\(name),1", "1,\"\(quotes)", "1,\"\(quotes)\",\"\(quotes)",
    ] {
      try expectCut(Self.row + rest.utf8, to: Self.row.count)
    }
    for rest in ["1,\(name)n", "1,\(name),\(name)n,1", "1,\"\(quotes)\"\""] {
      try expectDamage(Self.row + rest.utf8)
    }
  }

  @Test func `bytes that begin a character are no damage, and others are`() throws {
    for rest in ["1,ñ", "1,李", "1,🎲", "1,\"ñ,李🎲"].map({ Array($0.utf8) }) {
      for size in 2...rest.count {
        try expectCut(Self.row + rest.prefix(size), to: Self.row.count)
      }
    }
    for byte: UInt8 in [0x80, 0xC0, 0xFF] { try expectDamage(Self.row + "1,A".utf8 + [byte]) }
  }

  @Test func `a whole row without its line end is cut off, unless finished csv counts it`() throws {
    let bets = Self.row + Self.row.dropLast(2)
    try expectCut(bets, to: Self.row.count)
    try expectCut(bets + [0x0D], to: Self.row.count)
    try expectDamage(bets, Array("1,2\r\n".utf8))
  }

  @Test(arguments: ["x", "1", "1,", "01,", "0,", "1,x", "1,02", "4294967296", "1,2,", "\"1", "\r"])
  func `so is a row of finished csv`(rest: String) throws {
    let finished = Array("1,1\r\n".utf8)
    if ["1", "1,"].contains(rest) {
      try directory.write(Self.row, to: "bets.csv")
      try directory.write(finished + rest.utf8, to: "finished.csv")
      try BetStore(directory: directory.path).close()
      #expect(try directory.read("finished.csv") == finished)
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

  /// A file of a few groups, all but the last one acknowledged.
  private struct Groups {
    let bytes: [UInt8]
    /// Bytes of the groups that are acknowledged.
    let acknowledged: Int
    /// Where rows end, and 0.
    let ends: [Int]

    init() throws {
      var random = SeededGenerator(seed: 5)
      let plain = ["Ana", "bob", "Ñandú", "Juan 2", "22", ""]
      let names = ["a,b", "\"b\"", "x\r\ny", "\n"]
      var (bytes, ends) = ([UInt8](), [0])
      var acknowledged = 0
      for group in 0..<4 {
        acknowledged = bytes.count
        for index in 0..<(group == 3 ? 9 : 30) {
          let bet = try Bet(
            firstName: random.pick(random.oneIn(10) ? names : plain), lastName: random.pick(plain),
            document: "\(20_000_000 + index)", birthdate: "1922-02-22", number: "\(22 * index)")
          bytes.append(csvRow: bet, agency: .random(in: 1...3, using: &random))
          ends.append(bytes.count)
        }
      }
      (self.bytes, self.acknowledged, self.ends) = (bytes, acknowledged, ends)
    }
  }

  /// A `bets.csv` that is changed in place: writing it anew for each recovery takes too long.
  private struct SweptFile {
    let groups: Groups
    private let paths: [String]
    private let descriptor: Int32

    init(_ groups: Groups, in directory: TemporaryDirectory) throws {
      self.groups = groups
      try directory.write(groups.bytes, to: "bets.csv")
      paths = [directory.file("bets.csv"), directory.file("finished.csv")]
      descriptor = open(paths[0], O_RDWR | O_CLOEXEC)
      try #require(descriptor >= 0)
    }

    /// What the recovery leaves of the file once its bytes at `range` are `bytes`, or once it ends
    /// there if there are none. Nil if it says that the file is damaged.
    func recovered(_ bytes: [UInt8], at range: Range<Int>) throws -> Int? {
      let size = bytes.isEmpty ? range.lowerBound : groups.bytes.count
      #expect(pwrite(descriptor, bytes, bytes.count, off_t(range.lowerBound)) == bytes.count)
      #expect(ftruncate(descriptor, off_t(size)) == 0)
      defer {
        #expect(pwrite(descriptor, groups.bytes, groups.bytes.count, 0) == groups.bytes.count)
      }
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

    func close() { Glibc.close(descriptor) }
  }

  @Test func `a file that ends at any byte keeps its whole rows`() throws {
    let file = try SweptFile(Groups(), in: directory)
    defer { file.close() }
    let groups = file.groups
    for size in 0..<groups.bytes.count {
      let whole = groups.ends.last { $0 <= size }
      #expect(try file.recovered([], at: size..<groups.bytes.count) == whole, "of \(size) bytes")
    }
  }

  @Test(arguments: 0..<8)
  func `with any flipped bit, only what was not acknowledged is cut off`(bit: Int) throws {
    let file = try SweptFile(Groups(), in: directory)
    defer { file.close() }
    let groups = file.groups
    // Every bit of the last group, and one of each byte before.
    for index in max(0, groups.bytes.count - 4096)..<groups.bytes.count
    where index >= groups.acknowledged || index % 8 == bit {
      let flipped = groups.bytes[index] ^ 1 << UInt8(bit)
      let left = try file.recovered([flipped], at: index..<(index + 1))
      guard let left, left < groups.bytes.count else { continue }
      // What is cut off begins with the row of that bit.
      #expect(
        left >= groups.acknowledged && left == groups.ends.last { $0 <= index },
        "bit \(bit) of \(index)")
    }
  }

  @Test func `with NUL bytes anywhere, likewise`() throws {
    let file = try SweptFile(Groups(), in: directory)
    defer { file.close() }
    let groups = file.groups
    var random = SeededGenerator(seed: 6)
    for round in 0..<2000 {
      let start = Int.random(in: 0..<groups.bytes.count, using: &random)
      let last = min(groups.bytes.count, start + .random(in: 1...4500, using: &random))
      let end = round % 3 == 0 ? groups.bytes.count : last
      let nuls = [UInt8](repeating: 0, count: end - start)
      let left = try file.recovered(nuls, at: start..<end)
      let whole = groups.ends.last { $0 <= start }
      // Up to the end, they stand for what was never written: as if the file ended before them.
      if end == groups.bytes.count {
        #expect(left == whole, "from \(start)")
      } else if let left {
        #expect(left >= groups.acknowledged && left == whole, "\(start)..<\(end)")
      }
    }
  }
}
