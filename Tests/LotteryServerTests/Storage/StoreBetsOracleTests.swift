import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// `bets.csv` against what the course's own `store_bets` and `load_bets` make of the same bets.
@Suite struct StoreBetsOracleTests {
  @Test func `the file holds the bytes that Python writes`() async throws {
    let exchanges = try Exchange<[[String]], String>.all("store-bets")
    let stored = try await Self.store(exchanges.flatMap(\.document).map(Self.bet))
    var position = 0
    for exchange in exchanges {
      let python = Array(exchange.python.utf8)
      try #require(stored[position...].prefix(python.count) == python[...], "\(exchange.document)")
      position += python.count
    }
    #expect(position > 0)
    #expect(position == stored.count)
  }

  @Test func `bets that Python stores are loaded`() throws {
    let exchanges = try Exchange<[[String]], String>.all("store-bets")
    let directory = TemporaryDirectory()
    try directory.write(exchanges.map(\.python).joined().utf8, to: "bets.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(try store.allBets() == exchanges.flatMap(\.document).map(Self.bet))
  }

  @Test func `Python loads what is stored`() async throws {
    let exchanges = try Exchange<String, [[String]]>.all("load-bets")
    let stored = try await Self.store(exchanges.flatMap(\.python).map(Self.bet))
    #expect(stored == Array(exchanges.map(\.document).joined().utf8))
  }

  private static func bet(_ fields: [String]) throws -> StoredBet {
    StoredBet(
      agency: try #require(UInt32(fields[0])),
      bet: try Bet(
        firstName: fields[1], lastName: fields[2], document: fields[3], birthdate: fields[4],
        number: fields[5]))
  }

  /// Returns the bytes of `bets.csv` once `bets` are stored.
  private static func store(_ bets: [StoredBet]) async throws -> [UInt8] {
    let directory = TemporaryDirectory()
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    try await store.storeBets(bets)
    return try directory.read("bets.csv")
  }
}
