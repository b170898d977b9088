import LotteryCore
import TestSupport
import Testing

@testable import LotteryServer

/// A file read in stretches at once, against the same read from front to back.
@Suite struct BetTallyTests {
  let directory = TemporaryDirectory()

  private func tallies(
    _ rows: [UInt8], cores: Int, leastStretch: Int = 1000
  ) throws -> (all: BetTally, whole: BetTally) {
    try directory.write(rows, to: "bets.csv")
    let file = try AppendOnlyFile(path: directory.file("bets.csv"))
    defer { file.close() }
    return (
      try BetTally.all(of: file, size: rows.count, cores: cores, leastStretch: leastStretch),
      try BetTally(0..<rows.count, of: file)
    )
  }

  @Test func `an open quote in front of an empty stretch is an incomplete row`() throws {
    let rows = Array("1,A,P,9,1990-01-15,7\r\n1,\"abc\n".utf8)
    let (all, whole) = try tallies(rows, cores: 9, leastStretch: 1)
    #expect(all == whole)
    #expect(all.end == 22)
  }

  private func rows(_ count: Int, name: String) throws -> [UInt8] {
    var random = SeededGenerator(seed: 11)
    var rows: [UInt8] = []
    for index in 0..<count {
      rows.append(
        csvRow: try Bet(
          firstName: name, lastName: "P", document: "\(index)", birthdate: "1990-01-15",
          number: "\(index)"),
        agency: .random(in: 1...3, using: &random))
    }
    return rows
  }

  @Test(arguments: [2, 3, 7]) func `all stretches together are the file`(cores: Int) throws {
    let rows = try rows(2000, name: "Ana")
    let (all, whole) = try tallies(rows, cores: cores)
    #expect(all == whole)
    #expect(all.bets == 2000)
    #expect(all.end == rows.count)
  }

  @Test func `a torn row at the end is the last stretch's`() throws {
    let good = try rows(500, name: "Ana")
    let (all, whole) = try tallies(good + "1,Ana,P,1".utf8, cores: 3)
    #expect(all == whole)
    #expect(all.end == good.count)
  }

  @Test func `rows inside a name are no rows, wherever a stretch begins`() throws {
    let name = String(repeating: "x\r\n9,Ana,P,1,1990-01-15,1\r\n", count: 7)
    let (all, whole) = try tallies(rows(300, name: name), cores: 5)
    #expect(all == whole)
    #expect(all.bets == 300)
    #expect(all.counts[9] == nil)
  }

  @Test func `damage in any stretch is told with its line`() throws {
    var damaged = try rows(400, name: "Ana")
    damaged += "1,damaged\r\n".utf8
    damaged += try rows(400, name: "Ana")
    try directory.write(damaged, to: "bets.csv")
    let path = directory.file("bets.csv")
    let file = try AppendOnlyFile(path: path)
    defer { file.close() }
    let error = #expect(throws: StorageError.self) {
      try BetTally.all(of: file, size: damaged.count, cores: 4, leastStretch: 1000)
    }
    #expect(error?.description.hasPrefix("\(path):401: 2 fields") == true)
  }
}
