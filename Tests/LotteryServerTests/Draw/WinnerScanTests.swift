import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// The short way to the winners, against the long one.
@Suite struct WinnerScanTests {
  let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

  private func scan(_ text: String) throws -> Winners? {
    try directory.write(text.utf8, to: "bets.csv")
    return try WinnerScan.winners(in: directory.file("bets.csv"))
  }

  @Test func `rows that end in the winning number win, whatever the line end`() throws {
    let rows = [
      "1,Ana,P,11,1990-01-15,7574\r\n", "2,Ana,P,22,1990-01-15,7574\n",
      "1,Ana,P,33,1990-01-15,07574\r\n",
    ]
    let winners = try #require(try scan(rows.joined()))
    #expect(winners.documents(of: 1) == ["11", "33"])
    #expect(winners.documents(of: 2) == ["22"])
  }

  @Test(arguments: [
    "1,Ana,P,7574,1990-01-15,7\r\n", "1,7574,P,1,1990-01-15,7\r\n",
    "1,A,P,1,1990-01-15,17574\r\n", "1,A,P,1,1990-01-15,75740\r\n",
    "7574,A,P,1,1990-01-15,574\r\n", "", "7574\r\n", "\r\n", "1,A,P,1,1990-01-15,7574",
  ])
  func `nobody else does`(text: String) throws {
    #expect(try scan(text)?.count == 0)
  }

  @Test func `a file with quotes is left to others`() throws {
    #expect(try scan("1,\"A,\",P,1,1990-01-15,7574\r\n") == nil)
  }

  @Test func `over many chunks it finds what a reader of all bets finds`() throws {
    var random = SeededGenerator(seed: 10)
    var rows: [UInt8] = []
    while rows.count < 3 * 1024 * 1024 {
      let agency = UInt32.random(in: 1...9, using: &random)
      let name = String(repeating: "x", count: .random(in: 0...200, using: &random))
      rows.append(
        csvRow: try Bet(
          agency: agency, firstName: name, lastName: "P", document: "\(rows.count)",
          birthdate: "1990-01-15", number: random.oneIn(20) ? "7574" : "\(rows.count % 7574)"))
    }
    try directory.write(rows, to: "bets.csv")
    var expected = Winners()
    var reader = try BetReader(path: directory.file("bets.csv"))
    while let bet = try reader.next() {
      if hasWon(bet) { expected.add(bet.document, of: bet.agency) }
    }
    #expect(expected.count > 100)
    #expect(try WinnerScan.winners(in: directory.file("bets.csv")) == expected)
  }
}
