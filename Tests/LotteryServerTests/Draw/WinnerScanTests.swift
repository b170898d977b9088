import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// The fast way to find winners, against the plain one.
@Suite struct WinnerScanTests {
  let directory = TemporaryDirectory()

  private func scan(_ text: String) throws -> [WinnerScan.Winner] {
    try directory.write(text.utf8, to: "bets.csv")
    let bets = try Journal(path: directory.file("bets.csv"))
    defer { bets.close() }
    var scan = WinnerScan(of: bets, at: 0..<bets.size)
    var (winners, block) = ([WinnerScan.Winner](), [UInt8]())
    while let part = try scan.next(&block) { winners += part }
    return winners
  }

  @Test func `rows that end in the winning number win, whatever the line end`() throws {
    let rows = [
      "1,Ana,P,11,1990-01-15,7574\r\n", "2,Ana,P,22,1990-01-15,7574\n",
      "1,Ana,P,33,1990-01-15,07574\r\n",
    ]
    let winners = try scan(rows.joined())
    #expect(winners.map(\.bet.document) == ["11", "22", "33"])
    #expect(winners.map(\.agency) == [1, 2, 1])
    #expect(winners.map(\.position) == [0, 28, 55])
  }

  @Test func `quotes and blank lines do not hide where a winner's row begins`() throws {
    let rows = [
      "1,\"A,\r\n2,B,P,9,1990-01-15,7574\r\n\",P,1,1990-01-15,7574\r\n", "\r\n\n",
      "\"2\",Ana,P,2,1990-01-15,\"7574\"\n",
    ]
    let winners = try scan(rows.joined())
    #expect(winners.map(\.bet.document) == ["1", "2"])
    #expect(winners.map(\.position) == [0, rows[0].utf8.count + 3])
  }

  @Test(arguments: [
    "1,Ana,P,7574,1990-01-15,7\r\n", "1,7574,P,1,1990-01-15,7\r\n",
    "1,A,P,1,1990-01-15,17574\r\n", "1,A,P,1,1990-01-15,75740\r\n",
    "7574,A,P,1,1990-01-15,574\r\n", "", "\r\n", "1,A,P,1,1990-01-15,7574",
    "1,\"A\",P,1,1990-01-15,7574",
  ])
  func `no other row does`(text: String) throws {
    #expect(try scan(text).isEmpty)
  }

  @Test(arguments: ["7574\r\n", "1,\"A\",P,1\r\n", "1,\"A\"B,P,1,1990-01-15,7574\r\n"])
  func `a row that cannot have been stored is reported`(text: String) throws {
    let good = "1,A,P,1,1990-01-15,7574\r\n"
    let error = #expect(throws: StorageError.self) { try scan(good + text) }
    #expect(error == .changed(path: directory.file("bets.csv"), position: good.utf8.count))
  }

  @Test func `so is a line that never ends`() throws {
    let error = #expect(throws: StorageError.self) {
      try scan(String(repeating: "x", count: WinnerScan.blockSize + 1))
    }
    #expect(error == .changed(path: directory.file("bets.csv"), position: 0))
  }

  @Test(arguments: [-1, 0, 1]) func `a row may end anywhere in a block`(distance: Int) throws {
    let winner = "1,A,P,1,1990-01-15,7574\r\n"
    let filler = "1,A,P,1,1990-01-15,1\r\n"
    var text = String(repeating: filler, count: WinnerScan.blockSize / filler.utf8.count - 2)
    let missing = WinnerScan.blockSize + distance - text.utf8.count - winner.utf8.count
    text += "1," + String(repeating: "A", count: missing - filler.utf8.count + 1)
    text += filler.dropFirst(3) + winner + winner
    let start = WinnerScan.blockSize + distance - winner.utf8.count
    #expect(try scan(text).map(\.position) == [start, start + winner.utf8.count])
  }
}
