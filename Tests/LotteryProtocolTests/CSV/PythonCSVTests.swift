import TestSupport
import Testing

@testable import LotteryProtocol

@Suite("The same CSV as Python's csv module")
struct PythonCSVTests {
  private struct Answer: Decodable {
    let rows: [[String]]
    let isGood: Bool
  }

  /// A text made of what matters to a reader of CSV.
  ///
  /// Carriage returns in a row and at the end are left out: Python takes them for a line end, we do
  /// not take them at all (`CSVError.bareCarriageReturn`).
  private func text(using random: inout SeededGenerator) -> String {
    let pieces = ["a", "ñ", " ", ",", ",", "\"", "\"", "\"\"", "\",\"", "\n", "\r\n", "\rb", "🎲"]
    let count = Int.random(in: 0...14, using: &random)
    return (0..<count).map { _ in random.pick(pieces) }.joined()
  }

  @Test("Both read the same rows from the same text, up to the same error")
  func reading() throws {
    var random = SeededGenerator(seed: 2024)
    let texts = (0..<10_000).map { _ in text(using: &random) }
    let answers = try PythonOracle.ask("csv_oracle.py", ["read"], about: texts, for: Answer.self)
    try #require(answers.count == texts.count)
    for (text, answer) in zip(texts, answers) {
      let read = CSVRows(text)
      #expect(read.rows == answer.rows, "\(text.debugDescription)")
      #expect((read.error == nil) == answer.isGood, "\(text.debugDescription)")
    }
    // Both kinds must be among the cases, or they prove nothing.
    #expect(answers.count(where: \.isGood) > 2000)
    #expect(answers.count(where: { !$0.isGood }) > 2000)
  }

  @Test("Both write the same bytes for the same bet")
  func writing() throws {
    var random = SeededGenerator(seed: 2025)
    let bets = try (0..<5000).map { _ in try Bets.random(agency: 5, using: &random) }
    let fields = bets.map { bet in
      [
        "\(bet.agency)", bet.firstName, bet.lastName, bet.document, "\(bet.birthdate)",
        "\(bet.number)",
      ]
    }
    let answers = try PythonOracle.ask("csv_oracle.py", ["write"], about: fields, for: String.self)
    try #require(answers.count == bets.count)
    for (bet, answer) in zip(bets, answers) {
      var row: [UInt8] = []
      row.append(csvRow: bet)
      #expect(row == Array(answer.utf8), "\(bet)")
    }
  }
}
