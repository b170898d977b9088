import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct CSVOracleTests {
  private struct Answer: Codable, Equatable {
    let rows: [[String]]
    let isGood: Bool
  }

  private typealias Reader = PythonOracle<String, Answer>
  private typealias Writer = PythonOracle<[String], String>

  private static let reader = Reader("csv_oracle.py", "read", recording: "csv-read") {
    text(using: &$0)
  }
  private static let writer = Writer("csv_oracle.py", "write", recording: "csv-write") {
    fields(using: &$0)
  }

  @Test func `rows are those that Python read when it was recorded, up to the error`() throws {
    try Self.expectSameRows(Self.reader.recorded())
  }

  @Test func `bytes are those that Python wrote when it was recorded`() throws {
    try Self.expectSameBytes(Self.writer.recorded())
  }

  @Test(.askingPython) func `Python reads the same rows from fresh text`() throws {
    try Self.expectSameRows(Self.reader.askFresh(10_000))
  }

  @Test(.askingPython) func `Python writes the same bytes for fresh bets`() throws {
    try Self.expectSameBytes(Self.writer.askFresh(5000))
  }

  @Test(.askingPython) func `what is recorded is what the csv module says`() throws {
    let (texts, fields) = (try Self.reader.outdated(), try Self.writer.outdated())
    #expect(texts == [])
    #expect(fields == [])
  }

  private static func expectSameRows(_ exchanges: [Reader.Exchange]) {
    for exchange in exchanges {
      let read = CSVRows(exchange.document)
      #expect(read.rows == exchange.python.rows, "\(exchange.document.debugDescription)")
      #expect(
        (read.error == nil) == exchange.python.isGood, "\(exchange.document.debugDescription)")
    }
    // Both kinds must be among the cases, or they prove nothing.
    let good = exchanges.count(where: \.python.isGood)
    #expect(good > exchanges.count / 5)
    #expect(exchanges.count - good > exchanges.count / 5)
  }

  private static func expectSameBytes(_ exchanges: [Writer.Exchange]) throws {
    for exchange in exchanges {
      let fields = exchange.document
      let bet = try Bet(
        firstName: fields[1], lastName: fields[2], document: fields[3], birthdate: fields[4],
        number: fields[5])
      var row: [UInt8] = []
      row.append(csvRow: bet, agency: try #require(UInt32(fields[0])))
      #expect(row == Array(exchange.python.utf8), "\(bet)")
    }
  }

  /// A text made of what matters to a reader of CSV.
  private static func text(using random: inout SeededGenerator) -> String {
    let pieces = ["a", "ñ", " ", ",", ",", "\"", "\"", "\"\"", "\",\"", "\n", "\r\n", "\r", "🎲"]
    let count = Int.random(in: 0...14, using: &random)
    return (0..<count).map { _ in random.pick(pieces) }.joined()
  }

  /// The fields of a bet.
  private static func fields(using random: inout SeededGenerator) -> [String] {
    let year = UInt16.random(in: 1...9999, using: &random)
    let month = UInt8.random(in: 1...12, using: &random)
    let date = CalendarDate(year: year, month: month, day: .random(in: 1...28, using: &random))
    return [
      "5", random.text(limit: 12), random.text(limit: 12), random.document(),
      date?.description ?? "", "\(UInt32.random(in: 0 ... .max, using: &random))",
    ]
  }
}
