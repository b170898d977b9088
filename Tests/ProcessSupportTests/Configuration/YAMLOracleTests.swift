import ProcessSupport
import TestSupport
import Testing

/// YAML documents against PyYAML.
@Suite struct YAMLOracleTests {
  private static let oracle = DocumentOracle("yaml", regular: regular, wild: wild, read: read)

  @Test func `documents in the subset are accepted`() { Self.oracle.expectRegularAccepted() }

  @Test func `what is accepted was read by PyYAML in the same way`() throws {
    try Self.oracle.expectSameAsRecorded()
  }

  @Test(.askingPython)
  func `what is accepted of fresh documents is read by PyYAML in the same way`() throws {
    try Self.oracle.expectSameNow()
  }

  @Test(.askingPython) func `what is recorded is what PyYAML says`() throws {
    try Self.oracle.expectUpToDate()
  }

  @Sendable private static func read(_ text: String) -> [String: String]? {
    let file = try? ConfigFile(Array(text.utf8), file: "c.yaml", dialect: .yaml)
    return file.map {
      Dictionary(uniqueKeysWithValues: $0.entries.map { ($0.key, $0.value) })
    }
  }

  @Sendable private static func regular(_ generator: inout SeededGenerator) -> String {
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
  @Sendable private static func wild(_ generator: inout SeededGenerator) -> String {
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
