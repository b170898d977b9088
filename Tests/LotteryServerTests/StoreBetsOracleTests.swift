import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// `bets.csv` against what the course's own `store_bets` and `load_bets` make of the same bets.
@Suite struct StoreBetsOracleTests {
  @Test func `the file holds the bytes that Python writes, and they are loaded`() throws {
    let exchanges = try Exchange<[[String]], String>.all("store-bets")
    for exchange in exchanges {
      let stored = rows(try exchange.document.map(Self.bet))
      #expect(stored == Array(exchange.python.utf8), "\(exchange.document)")
    }
    let directory = TemporaryDirectory()
    try directory.write(exchanges.map(\.python).joined().utf8, to: "bets.csv")
    let store = try BetStore(directory)
    defer { store.close() }
    #expect(try store.allBets() == exchanges.flatMap(\.document).map(Self.bet))
  }

  @Test func `Python loads what is stored`() throws {
    for exchange in try Exchange<String, [[String]]>.all("load-bets") {
      let stored = rows(try exchange.python.map(Self.bet))
      #expect(stored == Array(exchange.document.utf8))
    }
  }

  private static func bet(_ fields: [String]) throws -> StoredBet {
    StoredBet(
      agency: try #require(UInt32(fields[0])),
      bet: try Bet(
        firstName: fields[1], lastName: fields[2], document: fields[3], birthdate: fields[4],
        number: fields[5]))
  }
}
