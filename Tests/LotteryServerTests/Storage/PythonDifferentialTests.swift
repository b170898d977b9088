import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// `bets.csv` against what the course's own `store_bets` and `load_bets` make of the same bets.
@Suite struct PythonDifferentialTests {
  @Test func `the file holds the bytes that Python writes`() async throws {
    let directory = try TemporaryDirectory()
    let bets = try Self.bets(texts: Self.texts)
    try await Self.store(bets, in: directory)
    try CourseStorage.store(bets, to: directory.file("python.csv"))
    #expect(try directory.read("bets.csv") == directory.read("python.csv"))
  }

  @Test func `Python loads what was stored`() async throws {
    let directory = try TemporaryDirectory()
    // Python's text files turn a carriage return into a line feed.
    let bets = try Self.bets(texts: Self.texts.filter { !$0.utf8.contains(0x0D) })
    try await Self.store(bets, in: directory)
    #expect(try CourseStorage.load(directory.file("bets.csv")) == bets.map(CourseStorage.fields))
  }

  @Test func `bets that Python stored are loaded`() throws {
    let directory = try TemporaryDirectory()
    let bets = try Self.bets(texts: Self.texts)
    try CourseStorage.store(bets, to: directory.file("bets.csv"))
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(try store.allBets() == bets)
  }

  /// Texts that need quotes, and some that only seem to.
  private static let texts = [
    "", " ", "Ana", " Ana ", "O'Higgins", "Ñandú 🎲", "a,b", ",", "\"", "\"\"", "a\"b", "\"a\"",
    "a\nb", "a\rb", "a\r\nb", "\n", "\r", "a\tb", "a;b", "a\\b", "a|b", "#", "=1+1", "\u{1}",
    "\u{FEFF}", "\u{2028}", "\u{7F}", "e\u{301}", String(repeating: "\"", count: 255),
    String(repeating: "x", count: 255),
  ]

  private static let days = ["0001-01-01", "1970-01-01", "2000-02-29", "9999-12-31"]
  private static let documents = ["0", "007", "30904465", "99999999999999999999"]
  private static let numbers: [UInt32] = [0, 7574, .max]
  private static let agencies: [UInt32] = [1, 5, .max]

  /// Every text as a first and as a last name, with the other fields in turn.
  private static func bets(texts: [String]) throws -> [Bet] {
    try texts.indices.flatMap { index in
      let text = texts[index]
      return try [(text, "x"), ("x", text), (text, text)].map { first, last in
        try Bet(
          agency: agencies[index % agencies.count], firstName: first, lastName: last,
          document: documents[index % documents.count], birthdate: days[index % days.count],
          number: "\(numbers[index % numbers.count])")
      }
    }
  }

  private static func store(_ bets: [Bet], in directory: TemporaryDirectory) async throws {
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    for bet in bets.dropLast(5) { try await store.storeBets([bet]) }
    try await store.storeBets(bets.suffix(5))
  }
}
