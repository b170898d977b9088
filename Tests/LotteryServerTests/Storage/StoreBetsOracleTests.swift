import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// `bets.csv` against what the course's own `store_bets` and `load_bets` make of the same bets.
@Suite struct StoreBetsOracleTests {
  private typealias Store = PythonOracle<[[String]], String>
  private typealias Load = PythonOracle<String, [[String]]>

  private static let storeBets = Store("store_bets.py", "store", recording: "store-bets") {
    someBets(of: texts, &$0)
  }
  private static let loadBets = Load("store_bets.py", "load", recording: "load-bets") {
    // Python's text files turn a carriage return into a line feed.
    let bets = someBets(of: texts.filter { !$0.utf8.contains(0x0D) }, &$0)
    return (try? String(decoding: rows(bets.map(bet)), as: UTF8.self)) ?? "no bet"
  }

  @Test func `the file holds the bytes that Python wrote when it was recorded`() async throws {
    try await Self.expectSameFile(Self.storeBets.recorded())
  }

  @Test func `bets that Python stored when it was recorded are loaded`() throws {
    try Self.expectLoaded(Self.storeBets.recorded())
  }

  @Test func `Python loaded what is stored when it was recorded`() async throws {
    try await Self.expectPythonLoads(Self.loadBets.recorded())
  }

  @Test(.askingPython) func `the file holds the bytes that Python writes now`() async throws {
    let exchanges = try Self.storeBets.askFresh(300)
    try await Self.expectSameFile(exchanges)
    try Self.expectLoaded(exchanges)
  }

  @Test(.askingPython) func `Python loads fresh bets that were stored`() async throws {
    try await Self.expectPythonLoads(Self.loadBets.askFresh(300))
  }

  @Test(.askingPython) func `what is recorded is what Python says`() throws {
    let (bets, files) = (try Self.storeBets.outdated(), try Self.loadBets.outdated())
    #expect(bets == [])
    #expect(files == [])
  }

  private static func expectSameFile(_ exchanges: [Store.Exchange]) async throws {
    let stored = try await store(exchanges.flatMap(\.document).map(bet))
    var position = 0
    for exchange in exchanges {
      let python = Array(exchange.python.utf8)
      try #require(stored[position...].prefix(python.count) == python[...], "\(exchange.document)")
      position += python.count
    }
    #expect(position == stored.count)
  }

  private static func expectLoaded(_ exchanges: [Store.Exchange]) throws {
    let directory = TemporaryDirectory()
    try directory.write(exchanges.map(\.python).joined().utf8, to: "bets.csv")
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(try store.allBets() == exchanges.flatMap(\.document).map(bet))
  }

  private static func expectPythonLoads(_ exchanges: [Load.Exchange]) async throws {
    let stored = try await store(exchanges.flatMap(\.python).map(bet))
    #expect(String(decoding: stored, as: UTF8.self) == exchanges.map(\.document).joined())
  }

  /// Texts that need quotes, and some that only seem to.
  private static let texts = [
    "", " ", "Ana", " Ana ", "O'Higgins", "Ñandú 🎲", "a,b", ",", "\"", "\"\"", "a\"b", "\"a\"",
    "a\nb", "a\rb", "a\r\nb", "\n", "\r", "a\tb", "a;b", "a\\b", "a|b", "#", "=1+1",
    "\u{FEFF}", "\u{2028}", "\u{7F}", "e\u{301}",
  ]
  private static let longTexts = ["\"", "x"].map { String(repeating: $0, count: 255) }

  private static let days = ["0001-01-01", "1970-01-01", "2000-02-29", "9999-12-31"]
  private static let documents = ["0", "007", "30904465", "99999999999999999999"]
  private static let numbers: [UInt32] = [0, 7574, .max]
  private static let agencies: [UInt32] = [1, 5, .max]

  /// The fields of one to three bets.
  private static func someBets(of texts: [String], _ random: inout SeededGenerator) -> [[String]] {
    (0..<Int.random(in: 1...3, using: &random)).map { _ in
      [
        "\(random.pick(agencies))", random.pick(random.oneIn(50) ? longTexts : texts),
        random.pick(random.oneIn(50) ? longTexts : texts), random.pick(documents),
        random.pick(days), "\(random.pick(numbers))",
      ]
    }
  }

  private static func bet(_ fields: [String]) throws -> StoredBet {
    StoredBet(
      agency: try #require(UInt32(fields[0])),
      bet: try Bet(
        firstName: fields[1], lastName: fields[2], document: fields[3], birthdate: fields[4],
        number: fields[5]))
  }

  /// The bytes of `bets.csv` once `bets` are stored.
  private static func store(_ bets: [StoredBet]) async throws -> [UInt8] {
    let directory = TemporaryDirectory()
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    try await store.storeBets(bets)
    return try directory.read("bets.csv")
  }
}
