import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Winners in a file, found and read, against the plain way: load all bets and ask each.
@Suite(.timeLimit(.minutes(10))) struct WinnersTests {
  let directory = TemporaryDirectory()
  var path: String { directory.file("bets.csv") }

  /// Writes bets of six agencies, one of `share` a winner, one of `quotes` with quotes in its name,
  /// and returns them.
  private func write(
    _ count: Int, winning share: Int, quotes: Int, seed: UInt64
  ) throws -> [StoredBet] {
    var random = SeededGenerator(seed: seed)
    let names = ["a,b", "\"", "x\r\n1,A,P,1,1990-01-15,7574\r\n", "\n\n"]
    let bets = try (0..<count).map { index in
      let plain = String(repeating: "x", count: .random(in: 0...200, using: &random))
      return StoredBet(
        agency: .random(in: 1...5, using: &random),
        bet: try Bet(
          firstName: quotes > 0 && random.oneIn(quotes) ? random.pick(names) : plain,
          lastName: "P", document: "\(index)", birthdate: "1990-01-15",
          number: random.oneIn(share) ? "7574" : "\(index % 7574)"))
    }
    try directory.write(rows(bets), to: "bets.csv")
    return bets
  }

  /// Runs `body` with the winners among the rows at ``path``.
  private func withWinners(
    agencies: Int, sizeLimit: Int = Winners.sizeLimit, _ body: (Winners) throws -> Void
  ) throws {
    let bets = try Journal(path: path)
    defer { bets.close() }
    try body(try Winners.find(in: bets, agencies: agencies, sizeLimit: sizeLimit))
  }

  @Test(arguments: [(1, 0), (1, 1000), (20, 0), (20, 1), (20, 500)])
  func `they are those that a reader of all bets finds, however many are kept`(
    share: Int, quotes: Int
  ) throws {
    let bets = try write(3000, winning: share, quotes: quotes, seed: UInt64(7 * share + quotes))
    let expected = Dictionary(grouping: bets.filter { hasWon($0.bet) }, by: \.agency)
      .mapValues { $0.map(\.bet.document) }
    for sizeLimit in [0, 15, 200, 1 << 20] {
      try withWinners(agencies: 3, sizeLimit: sizeLimit) { winners throws in
        #expect(winners.count == (1...3).reduce(0) { $0 + (expected[$1]?.count ?? 0) })
        for agency in 0...5 as ClosedRange<UInt32> {
          let takesPart = (1...3).contains(agency)
          #expect(try winners.documents(of: agency) == (takesPart ? expected[agency] ?? [] : []))
        }
      }
    }
  }

  @Test func `an agency with more winners than its share costs the others nothing`() throws {
    let flood = try (0..<5000).map { StoredBet(agency: 1, bet: try sampleBet($0, number: 7574)) }
    let few = try (0..<3).map { StoredBet(agency: 2, bet: try sampleBet($0, of: 2, number: 7574)) }
    try directory.write(rows(flood + few), to: "bets.csv")
    let documents = flood.map(\.bet.document)
    // Nine bytes each.
    for (share, kept) in [(26, 2), (27, 3), (28, 3), (9 * 5000 - 1, 4999), (9 * 5000, 5000)] {
      try withWinners(agencies: 2, sizeLimit: 2 * share) { winners throws in
        #expect(winners.count == 5003)
        #expect(winners.reader(of: 1).needsFile == (kept < 900))
        #expect(try winners.documents(of: 1) == documents)
        #expect(winners.reader(of: 2).needsFile == (kept < 3))
        #expect(try winners.documents(of: 2) == few.map(\.bet.document))
      }
    }
  }

  @Test func `a cancelled task holds no draw to its end`() async throws {
    _ = try write(3000, winning: 1, quotes: 0, seed: 1)
    let bets = try Journal(path: path)
    defer { bets.close() }
    let drawing = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try Winners.find(in: bets, agencies: 5).count
    }
    #expect(try await drawing.value == 0)
  }

  @Test(arguments: [0, 1 << 20])
  func `they are read in chunks, whatever their number`(sizeLimit: Int) throws {
    let row = Array("1,A,B,\(String(repeating: "7", count: 20)),1990-01-15,7574\r\n".utf8)
    let count = 15_000
    try directory.write(repeatElement(row, count: count).joined(), to: "bets.csv")
    try withWinners(agencies: 1, sizeLimit: sizeLimit) { winners throws in
      let (documents, largestChunk) = try winners.all(of: 1)
      #expect(documents.count == count)
      #expect(largestChunk < 32_000 + ProtocolLimits.packetSize)
    }
  }

  @Test func `rows that are stored after the draw do not count`() throws {
    let bets = try [1, 2].map { try sampleBet($0, number: winningNumber) }
    try directory.write(rows([bets[0]]), to: "bets.csv")
    try withWinners(agencies: 1, sizeLimit: 0) { winners throws in
      try directory.write(rows(bets), to: "bets.csv")
      #expect(try winners.documents(of: 1) == [bets[0].document])
    }
  }

  @Test func `a file that was cut off before a second scan is reported`() throws {
    let bet = rows([try sampleBet(number: winningNumber)])
    try directory.write(bet + bet, to: "bets.csv")
    try withWinners(agencies: 1, sizeLimit: 0) { winners throws in
      try #require(truncate(path, off_t(bet.count + 3)) == 0)
      let error = #expect(throws: StorageError.self) { try winners.documents(of: 1) }
      #expect(error == .changed(path: path, position: bet.count + 3))
    }
  }

  @Test func `a winner after a byte order mark is found`() throws {
    let bets = try [1, 2].map { try sampleBet($0, number: winningNumber) }
    try directory.write("\u{FEFF}1,A,P,9,1990-01-15,7574\r\n".utf8 + rows(bets), to: "bets.csv")
    try withWinners(agencies: 1) { winners throws in
      #expect(try winners.documents(of: 1) == ["9"] + bets.map(\.document))
    }
  }

  @Test(arguments: ["2,A,P,1,1990-01-15,7574\r\n", "1,A,P,1,1990-01-15,7575\r\n"])
  func `so is one that was overwritten`(row: String) throws {
    try directory.write("1,A,P,1,1990-01-15,7574\r\n".utf8, to: "bets.csv")
    try withWinners(agencies: 1, sizeLimit: 0) { winners throws in
      // In place: the draw has the file open.
      let file = try FileHandle(forWritingTo: URL(filePath: path))
      try file.write(contentsOf: Data(row.utf8))
      try file.close()
      #expect(throws: StorageError.self) { try winners.documents(of: 1) }
    }
  }
}
