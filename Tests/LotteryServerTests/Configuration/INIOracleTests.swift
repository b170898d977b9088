import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

@Suite("INI documents against configparser")
struct INIOracleTests {
  @Test("documents in the dialect are taken, and configparser reads the same")
  func regular() throws {
    var generator = SeededGenerator(seed: 1)
    let texts = (0..<500).map { _ in Self.regular(&generator) }
    let ours = try texts.map { try #require(Self.read($0), "refused: \($0)") }
    #expect(ours == (try PythonOracle.ask("configuration_oracle.py", ["ini"], about: texts)))
  }

  @Test("whatever is taken, configparser takes too, and reads the same")
  func wild() throws {
    var generator = SeededGenerator(seed: 2)
    let texts = (0..<20_000).map { _ in Self.wild(&generator) }
    let taken = texts.compactMap { text in Self.read(text).map { (text, $0) } }
    #expect(taken.count > 1000, "too few documents are taken for the test to mean something")
    let answers: [[String: String]?] = try PythonOracle.ask(
      "configuration_oracle.py", ["ini"], about: taken.map(\.0))
    for ((text, ours), python) in zip(taken, answers) {
      #expect(ours == python, "document: \(text.debugDescription)")
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
