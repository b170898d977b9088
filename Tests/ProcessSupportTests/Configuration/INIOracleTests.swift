import ProcessSupport
import TestSupport
import Testing

/// INI documents against Python's `configparser`.
@Suite struct INIOracleTests {
  private static let oracle = DocumentOracle("ini", regular: regular, wild: wild, read: read)

  @Test func `documents in the dialect are accepted`() { Self.oracle.expectRegularAccepted() }

  @Test func `what is accepted was read by configparser in the same way`() throws {
    try Self.oracle.expectSameAsRecorded()
  }

  @Test(.askingPython)
  func `what is accepted of fresh documents is read by configparser in the same way`() throws {
    try Self.oracle.expectSameNow()
  }

  @Test(.askingPython) func `what is recorded is what configparser says`() throws {
    try Self.oracle.expectUpToDate()
  }

  @Sendable private static func read(_ text: String) -> [String: String]? {
    let file = try? ConfigFile(Array(text.utf8), file: "c.ini", dialect: .ini)
    return file.map { file in
      let entries = file.entries.filter { !$0.key.hasPrefix("[") }
      return Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
    }
  }

  @Sendable private static func regular(_ generator: inout SeededGenerator) -> String {
    var text = "[DEFAULT]\n"
    for index in 0..<Int.random(in: 0...6, using: &generator) {
      text += generator.pick(["", "# note\n", "  ; note = 1\n", "\n", " \t\n"])
      text += "Key_\(index)" + generator.pick(["=", ":", " = ", "\t:  "])
      text += generator.pick(["", "5", "a b", "a=b", "x # y", "ñandú", "[x]", "\u{A0}é\u{3000}"])
      text += generator.pick(["\n", "\r\n", "  \n"])
    }
    return text
  }

  /// Bits of the dialect in any order.
  @Sendable private static func wild(_ generator: inout SeededGenerator) -> String {
    let bits = [
      "[DEFAULT]\n", "[DEFAULT]", "[b]\n", "\n", "\r\n", "\r", " ", "\t", "=", ":", "a", "B", "key",
      "#", ";", "%", "%%", "[", "]", "\u{301}", "é", "\u{A0}", "\u{85}", "\u{2028}", "a = 1\n",
      "b: 2\n", "\u{FEFF}", "\u{1C}", "\\", "\"",
    ]
    var text = generator.oneIn(3) ? "" : "[DEFAULT]\n"
    for _ in 0..<Int.random(in: 0...8, using: &generator) { text += generator.pick(bits) }
    return text
  }
}
