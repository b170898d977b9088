import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// INI documents against Python's `configparser`.
@Suite struct INIOracleTests {
  private static let oracle = PythonOracle<String, [String: String]?>(
    "configuration_oracle.py", "ini", recording: "ini"
  ) { $0.oneIn(3) ? regular(&$0) : wild(&$0) }

  @Test func `documents in the dialect are accepted`() {
    var generator = SeededGenerator(seed: 1)
    for text in (0..<500).map({ _ in Self.regular(&generator) }) {
      #expect(Self.read(text) != nil, "refused: \(text.debugDescription)")
    }
  }

  @Test func `what is accepted was read by configparser in the same way`() throws {
    let taken = try Self.oracle.recorded().filter { Self.read($0.document) != nil }
    #expect(taken.count > 100, "too few documents are taken for the test to mean something")
    Self.expectSame(taken)
  }

  @Suite(
    "INI documents against configparser now",
    .enabled(if: Python.isAsked, "Python 3 with PyYAML is not installed"))
  struct Live {
    @Test func `what is accepted of fresh documents is read by configparser in the same way`()
      throws
    {
      let taken = try oracle.askFresh(10_000) { read($0) != nil }
      #expect(taken.count > 1000, "too few documents are taken for the test to mean something")
      expectSame(taken)
    }

    @Test func `what is recorded is what configparser says`() throws {
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
    let document = try? INIDocument(Array(text.utf8), file: "c.ini")
    return document.map { document in
      Dictionary(
        uniqueKeysWithValues: (document.sections["DEFAULT"] ?? []).map { ($0.key, $0.value) })
    }
  }

  private static func regular(_ generator: inout SeededGenerator) -> String {
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
  private static func wild(_ generator: inout SeededGenerator) -> String {
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
