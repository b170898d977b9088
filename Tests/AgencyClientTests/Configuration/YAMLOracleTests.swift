import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite("YAML documents against PyYAML")
struct YAMLOracleTests {
  @Test("documents in the subset are taken, and PyYAML reads the same")
  func regular() throws {
    var generator = SeededGenerator(seed: 3)
    let texts = (0..<500).map { _ in Self.regular(&generator) }
    let ours = try texts.map { try #require(Self.read($0), "refused: \($0)") }
    #expect(ours == (try PythonOracle.ask("configuration_oracle.py", ["yaml"], about: texts)))
  }

  @Test("whatever is taken, PyYAML takes too, and reads the same")
  func wild() throws {
    var generator = SeededGenerator(seed: 4)
    let texts = (0..<20_000).map { _ in Self.wild(&generator) }
    let taken = texts.compactMap { text in Self.read(text).map { (text, $0) } }
    #expect(taken.count > 1000, "too few documents are taken for the test to mean something")
    let answers: [[String: String]?] = try PythonOracle.ask(
      "configuration_oracle.py", ["yaml"], about: taken.map(\.0))
    for ((text, ours), python) in zip(taken, answers) {
      #expect(ours == python, "document: \(text.debugDescription)")
    }
  }

  private static func read(_ text: String) -> [String: String]? {
    let document = try? YAMLDocument(Array(text.utf8), file: "c.yaml")
    return document.map {
      Dictionary(uniqueKeysWithValues: $0.settings.map { ($0.key, $0.value) })
    }
  }

  private static func regular(_ generator: inout SeededGenerator) -> String {
    var text = generator.pick(["", "---\n", "# note\n"])
    for group in 0..<Int.random(in: 0...4, using: &generator) {
      let isFlat = generator.oneIn(3)
      text += isFlat ? "" : "group\(group):\n"
      for key in 0..<Int.random(in: 1...3, using: &generator) {
        text += (isFlat ? "flat\(group)" : "  ") + "key\(key): "
        text += generator.pick([
          "", "5", "5s", "a b", "\"q: #\\\"\"", "'it''s'", "a#b", "ñ:é",
          "x:y", "-1", "~", "yes", "2001-01-01", "\"\"", "''", "a\\b",
        ])
        text += generator.pick(["\n", "  \n", " # note\n", "\n\n", "\r\n"])
      }
    }
    return text
  }

  /// Bits of YAML in any order.
  private static func wild(_ generator: inout SeededGenerator) -> String {
    let bits = [
      "\n", "\n", "\r\n", "  ", " ", "\t", ":", ": ", ": ", "a", "b", "1", "key: ", "k: v\n",
      "g:\n",
      "  x: ", "-", "- ", "#", " #", "'", "\"", "\\", "\\\"", "''", "?", "? ", "&", "*", "!", "|",
      ">", "%", "@", "`", "{", "}", "[", "]", ",", "---", "---\n", "...", "~", "é", "\u{301}",
      "\u{A0}", "\u{85}", "\u{2028}", "\u{FEFF}", "<<", "=", ".", "_",
    ]
    var text = ""
    for _ in 0..<Int.random(in: 0...9, using: &generator) { text += generator.pick(bits) }
    return text
  }
}
