import ProcessSupport
import Testing

@testable import LotteryServer

@Suite("INI documents")
struct INIDocumentTests {
  @Test("keys are read in lower case, values without the blanks around them")
  func keysAndValues() throws {
    let document = try INIDocument(
      Array("# top\n[DEFAULT]\nSERVER_PORT = 12345 \r\nName:a = b ; c\n; end\n\n".utf8),
      file: "c.ini")
    #expect(
      document.sections["DEFAULT"] == [
        Setting(key: "server_port", value: "12345", origin: .file("c.ini", line: 3)),
        Setting(key: "name", value: "a = b ; c", origin: .file("c.ini", line: 4)),
      ])
  }

  @Test("sections are kept apart")
  func sections() throws {
    let document = try INIDocument(
      Array("[DEFAULT]\na = 1\n[other]\na = 2\n[DEFAULT]\nb = 3\n".utf8), file: "c.ini")
    #expect(document.sections["DEFAULT"]?.map(\.value) == ["1", "3"])
    #expect(document.sections["other"]?.map(\.value) == ["2"])
  }

  @Test(
    "what is outside the dialect is refused with file, line and rule",
    arguments: [
      ("a = 1\n", "c.ini:1: a: no section, like [DEFAULT], above it"),
      ("[DEFAULT]\na\n", "c.ini:2: \"a\": must be a key, = and a value"),
      (
        "[DEFAULT]\na = 1\n  2\n", "c.ini:3: an indented line: values of several lines are not read"
      ),
      ("[DEFAULT]\na = %(b)s\n", "c.ini:2: a: '%' is not allowed, nothing is put in its place"),
      ("[DEFAULT]\na = 1\nA : 2\n", "c.ini:3: a is there twice"),
      ("[x]\n[x]\n", "c.ini:2: section [x] is there twice"),
      ("[DEFAULT\n", "c.ini:1: \"[DEFAULT\": a section must be a name in brackets, like [DEFAULT]"),
      ("[DEFAULT]\n= 1\n", "c.ini:2: \"\": a key must be letters, digits, '_', '-' and '.'"),
      ("[DEFAULT]\na = \u{0}\n", "c.ini:2: character \"\\0\" is not allowed here"),
    ])
  func refusals(text: String, problem: String) {
    let error = #expect(throws: ConfigurationError.self) {
      try INIDocument(Array(text.utf8), file: "c.ini")
    }
    #expect(error?.description == problem)
  }

  @Test("bytes that are not UTF-8 are refused")
  func invalidUTF8() {
    #expect(throws: ConfigurationError(file: "c.ini", line: 1, "the file is not UTF-8")) {
      try INIDocument([0x5B, 0xFF], file: "c.ini")
    }
  }
}
