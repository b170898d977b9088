import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// YAML documents against PyYAML.
@Suite struct YAMLOracleTests {
  private static let oracle = PythonOracle<String, [String: String]?>(
    "configuration_oracle.py", "yaml", recording: "yaml"
  ) { $0.oneIn(3) ? regular(&$0) : wild(&$0) }

  @Test func `documents in the subset are taken`() {
    var generator = SeededGenerator(seed: 1)
    for text in (0..<500).map({ _ in Self.regular(&generator) }) {
      #expect(Self.read(text) != nil, "refused: \(text.debugDescription)")
    }
  }

  @Test func `whatever is taken, PyYAML read the same when it was recorded`() throws {
    let taken = try Self.oracle.recorded().filter { Self.read($0.document) != nil }
    #expect(taken.count > 100, "too few documents are taken for the test to mean something")
    Self.expectSame(taken)
  }

  @Suite(
    "YAML documents against PyYAML now",
    .enabled(if: Python.isAsked, "Python 3 with PyYAML is not installed"))
  struct Live {
    @Test func `whatever is taken of fresh documents, PyYAML reads the same`() throws {
      let taken = try oracle.askFresh(10_000) { read($0) != nil }
      #expect(taken.count > 1000, "too few documents are taken for the test to mean something")
      expectSame(taken)
    }

    @Test func `what is recorded is what PyYAML says`() throws {
      let outdated = try oracle.outdated()
      #expect(outdated == [])
    }
  }

  private static func expectSame(_ exchanges: [PythonOracle<String, [String: String]?>.Exchange]) {
    for exchange in exchanges {
      #expect(
        read(exchange.document) == exchange.python,
        "document: \(exchange.document.debugDescription)")
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
