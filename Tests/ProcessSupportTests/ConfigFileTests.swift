import TestSupport
import Testing

@testable import ProcessSupport

/// Both dialects. What is accepted is read as Python reads it; the fuzz targets `ini` and `yaml`
/// write it anew.
@Suite struct ConfigFileTests {
  @Test func `what is accepted is read by configparser and PyYAML in the same way`() throws {
    for (dialect, name) in [(ConfigFile.Dialect.ini, "ini"), (.yaml, "yaml")] {
      let exchanges = try Exchange<String, [String: String]?>.all(name)
      var accepted = 0
      for exchange in exchanges {
        let text = exchange.document.debugDescription
        let file = try? Self.file(exchange.document, dialect)
        #expect(file != nil || exchange.isRegular != true, "refused: \(text)")
        guard let file else { continue }
        accepted += 1
        let entries = file.entries.filter { !$0.key.hasPrefix("[") }.map { ($0.key, $0.value) }
        #expect(Dictionary(uniqueKeysWithValues: entries) == exchange.python, "document: \(text)")
      }
      #expect(accepted > exchanges.count / 3, "too few for the test to mean something")
    }
  }

  @Test(
    arguments: [
      (
        .ini,
        "# top\n[DEFAULT]\nSERVER_PORT = 12345 \r\nName:a = b ; c\n; end\n[other]\na = 2\n",
        ["c:3 server_port=12345", "c:4 name=a = b ; c", "c:7 [other] a=2"]
      ),
      (
        .yaml,
        "server:\n  address: \"a:1\"  # where\nloop:\n    amount: 5\n    inner:\n      deep: 'it''s'\n"
          + "batch:\nid: 1",
        [
          "c:2 server.address=a:1", "c:4 loop.amount=5", "c:6 loop.inner.deep=it's", "c:7 batch=",
          "c:8 id=1",
        ]
      ),
    ] as [(ConfigFile.Dialect, String, [String])])
  func `each value has a key, which tells the section, and an origin`(
    dialect: ConfigFile.Dialect, text: String, entries: [String]
  ) throws {
    let file = try Self.file(text, dialect)
    #expect(file.entries.map { "\($0.origin) \($0.key)=\($0.value)" } == entries)
  }

  @Test(
    arguments: [
      (.ini, "a = 1\n", "1: a: no section, such as [DEFAULT], above it"),
      (.ini, "[DEFAULT]\na\n", "2: \"a\": must be a key, = and a value"),
      (
        .ini, "[DEFAULT]\na = 1\n  2\n",
        "3: an indented line: values over several lines are not supported"
      ),
      (
        .ini, "[DEFAULT]\na = %(b)s\n",
        "2: a: '%' is not allowed: interpolation is not supported"
      ),
      (.ini, "[DEFAULT]\na = 1\nA : 2\n", "3: a: duplicate key"),
      (.ini, "[x]\n[x]\n", "2: [x]: duplicate section"),
      (
        .ini, "[DEFAULT\n",
        "1: \"[DEFAULT\": a section must be a name in brackets, such as [DEFAULT]"
      ),
      (.ini, "[DEFAULT]\n= 1\n", "2: \"\": a key must be letters, digits, '_', '-' and '.'"),
      (.ini, "[DEFAULT]\na = \u{0}\n", "2: character \"\\0\" is not allowed here"),
      (.yaml, "a: 1\na: 2", "2: a: duplicate key"),
      (.yaml, "a.b: 1\na:\n  B: 2", "3: a.b: duplicate key"),
      (.yaml, "- a", "1: \"- a\": must be a key, a colon and a value"),
      (.yaml, "a: [1]", "1: a: \"[1]\": only plain and quoted texts are supported"),
      (.yaml, "a: &x 1", "1: a: \"&x 1\": only plain and quoted texts are supported"),
      (.yaml, "a: |\n  x", "1: a: \"|\": only plain and quoted texts are supported"),
      (.yaml, "a:1", "1: \"a:1\": a blank must follow the colon"),
      (.yaml, "a: b: c", "1: a: \"b: c\": a colon and a blank inside a text need quotes"),
      (.yaml, "a: b:", "1: a: \"b:\": a colon at the end of a text needs quotes"),
      (.yaml, "a: 'b", "1: a: no closing quote on this line"),
      (.yaml, "a: \"\\n\"", "1: a: an escape other than \\\" and \\\\"),
      (.yaml, "a: 'b' c", "1: a: text after the closing quote"),
      (.yaml, "a: 'b'#c", "1: a: text after the closing quote"),
      (.yaml, "a:\t1", "1: a tab: use spaces"),
      (.yaml, "a: 1\n  b: 2", "2: indented more than the line above"),
      (.yaml, "a:\n    b: 1\n  c: 2", "3: the indentation matches no line above"),
      (.yaml, "a: 1\n---\nb: 2", "2: \"---\": must be a key, a colon and a value"),
    ] as [(ConfigFile.Dialect, String, String)])
  func `what is outside the dialect is refused with file, line and rule`(
    dialect: ConfigFile.Dialect, text: String, problem: String
  ) {
    let error = #expect(throws: ConfigurationError.self) { try Self.file(text, dialect) }
    #expect(error?.description == "c:" + problem)
  }

  @Test func `bytes that are not UTF-8 are refused`() {
    #expect(throws: ConfigurationError(file: "c", line: 1, "the file is not UTF-8")) {
      try ConfigFile([0x5B, 0xFF], file: "c", dialect: .ini)
    }
  }

  private static func file(
    _ text: String, _ dialect: ConfigFile.Dialect
  ) throws(ConfigurationError) -> ConfigFile {
    try ConfigFile(Array(text.utf8), file: "c", dialect: dialect)
  }
}
