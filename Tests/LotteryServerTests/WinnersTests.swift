import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Winners in a file, found and read, against the plain way: load all bets and ask each. The fuzz
/// target `csv` compares how their rows are found.
@Suite(.timeLimit(.minutes(10))) struct WinnersTests {
  let directory = TemporaryDirectory()
  var path: String { directory.file("bets.csv") }

  /// Runs `body` with the rows at ``path``.
  private func withJournal<Value>(_ body: (Journal) throws -> Value) throws -> Value {
    let bets = try Journal(path: Path(path))
    defer { bets.close() }
    return try body(bets)
  }

  /// Runs `body` with the winners among those rows.
  private func withWinners(
    agencies: Int, sizeLimit: Int = Winners.sizeLimit, _ body: (Winners) throws -> Void
  ) throws {
    try withJournal {
      try body(try Winners.find(in: $0, agencies: agencies, sizeLimit: sizeLimit))
    }
  }

  /// The documents of all winners of `agency`, which are read in chunks, whatever their number.
  private func all(of agency: UInt32, in winners: Winners) throws -> [String] {
    var (reader, documents) = (winners.reader(of: agency), [String]())
    while !reader.isAtEnd {
      // Whole frames.
      let frames = try reader.next()
      #expect(frames.count < 32_000 + ProtocolLimits.packetSize)
      let messages = try serverMessages(in: frames)
      for (index, message) in messages.enumerated() {
        let isLast = reader.isAtEnd && index == messages.count - 1
        guard case .winners(!isLast, let part) = message else { throw Peer.Unexpected() }
        documents += part
      }
    }
    return documents
  }

  @Test(arguments: [(1, 0), (1, 1000), (20, 0), (20, 1), (20, 500)])
  func `they are those that a reader of all bets finds, however many are kept`(
    share: Int, quotes: Int
  ) throws {
    var random = SeededGenerator(seed: UInt64(7 * share + quotes))
    let names = ["a,b", "\"", "x\r\n1,A,P,1,1990-01-15,7574\r\n", "\n\n"]
    var (bets, file) = ([StoredBet](), Array("\u{FEFF}".utf8))
    for index in 0..<3000 {
      let plain = String(repeating: "x", count: .random(in: 0...200, using: &random))
      let bet = try Bet(
        firstName: quotes > 0 && random.oneIn(quotes) ? random.pick(names) : plain,
        lastName: "P", document: random.pick(["7574", "\(index)"]), birthdate: "1990-01-15",
        number: random.oneIn(share) ? "7574" : random.pick(["17574", "75740", "574", "\(index)"]))
      bets.append(StoredBet(agency: random.pick([1, 2, 3, 4, 7574]), bet: bet))
      // A file that something else has written may have other line ends, blank lines, and zeros.
      var row = rows(bets.suffix(1)).dropLast(2)
      if random.oneIn(5), let comma = row.lastIndex(of: UInt8(ascii: ",")) {
        row.insert(UInt8(ascii: "0"), at: comma + 1)
      }
      file += row + random.pick(["\r\n", "\n", "\r\r\n", "\r\n\n"]).utf8
    }
    try directory.write(file, to: "bets.csv")
    let expected = Dictionary(grouping: bets.filter { hasWon($0.bet) }, by: \.agency)
      .mapValues { $0.map(\.bet.document) }
    for sizeLimit in [0, 15, 200, 1 << 20] {
      try withWinners(agencies: 3, sizeLimit: sizeLimit) { winners throws in
        #expect(winners.count == (1...3).reduce(0) { $0 + (expected[$1]?.count ?? 0) })
        for agency in [0, 1, 2, 3, 4, 7574] as [UInt32] {
          let takesPart = (1...3).contains(agency)
          let documents = try all(of: agency, in: winners)
          #expect(documents == (takesPart ? expected[agency] ?? [] : []))
        }
      }
    }
  }

  @Test func `an agency with more winners than its share costs the others nothing`() throws {
    let flood = try (0..<5000).map { StoredBet(agency: 1, bet: try sampleBet($0, number: 7574)) }
    let few = try (0..<3).map { StoredBet(agency: 2, bet: try sampleBet($0, number: 7574)) }
    try directory.write(rows(flood + few), to: "bets.csv")
    // Nine bytes each.
    for (share, kept) in [(26, 2), (27, 3), (28, 3), (9 * 5000 - 1, 4999), (9 * 5000, 5000)] {
      try withWinners(agencies: 2, sizeLimit: 2 * share) { winners throws in
        // The first frames are made of what was kept.
        for (agency, bets, first) in [(1, flood, 900), (2, few, 3)] as [(UInt32, [StoredBet], Int)]
        {
          #expect(winners.reader(of: agency).needsFile == (kept < first))
          #expect(try all(of: agency, in: winners) == bets.map(\.bet.document))
        }
      }
    }
  }

  @Test func `rows that are stored after the draw, or in another file, do not count`() throws {
    let bets = try [1, 2].map { try sampleBet($0, number: winningNumber) }
    try directory.write(rows([bets[0]]), to: "bets.csv")
    try withJournal { journal in
      let file = try File(appending: Path(path))
      try FileManager.default.moveItem(atPath: path, toPath: path + ".old")
      try directory.write(rows(bets + bets), to: "bets.csv")
      let winners = try Winners.find(in: journal, agencies: 1, sizeLimit: 0)
      try file.write(rows(bets).span)
      file.close()
      #expect(try all(of: 1, in: winners) == [bets[0].document])
    }
  }

  /// Between two scans: a cut, another agency and another number.
  @Test(arguments: ["", "2,A,P,1,1990-01-15,7574\r\n", "1,A,P,1,1990-01-15,7575\r\n"])
  func `a row that something else changes is reported`(row: String) throws {
    try directory.write("1,A,P,1,1990-01-15,7574\r\n".utf8, to: "bets.csv")
    try withWinners(agencies: 1, sizeLimit: 0) { winners throws in
      // In place: the draw has the file open.
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      if row.isEmpty { try file.truncate(atOffset: 3) }
      try file.write(contentsOf: Data(row.utf8))
      try file.close()
      let error = #expect(throws: StorageError.self) { try all(of: 1, in: winners) }
      if row.isEmpty { #expect(error == .changed(path: path, position: 3)) }
    }
  }

  // MARK: The scan

  private func scan(_ text: String) throws -> [WinnerScan.Winner] {
    try directory.write(text.utf8, to: "bets.csv")
    return try withJournal { bets in
      var scan = WinnerScan(of: bets, at: 0..<bets.size)
      var (winners, block) = ([WinnerScan.Winner](), [UInt8]())
      while let part = try scan.next(&block) { winners += part }
      return winners
    }
  }

  @Test(arguments: ["7574\r\n", "1,\"A\",P,1\r\n", "1,\"A\"B,P,1,1990-01-15,7574\r\n", ""])
  func `a row that cannot have been stored is reported`(text: String) throws {
    let good = "1,A,P,1,1990-01-15,7574\r\n"
    // A line that never ends.
    let all = text.isEmpty ? String(repeating: "x", count: WinnerScan.blockSize + 1) : good + text
    let error = #expect(throws: StorageError.self) { try scan(all) }
    #expect(error == .changed(path: path, position: text.isEmpty ? 0 : good.utf8.count))
  }

  @Test(arguments: [-1, 0, 1]) func `a row may end anywhere in a block`(distance: Int) throws {
    let winner = "1,A,P,1,1990-01-15,7574\r\n"
    let filler = "1,A,P,1,1990-01-15,1\r\n"
    var text = String(repeating: filler, count: WinnerScan.blockSize / filler.utf8.count - 2)
    let missing = WinnerScan.blockSize + distance - text.utf8.count - winner.utf8.count
    text += "1," + String(repeating: "A", count: missing - filler.utf8.count + 1)
    text += filler.dropFirst(3) + winner + winner
    let start = WinnerScan.blockSize + distance - winner.utf8.count
    // A row without its line end is none.
    text += winner.dropLast(2)
    #expect(try scan(text).map(\.position) == [start, start + winner.utf8.count])
  }
}
