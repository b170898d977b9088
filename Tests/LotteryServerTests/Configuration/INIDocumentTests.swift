import ProcessSupport
import Testing

@testable import LotteryServer

@Suite struct INIDocumentTests {
  @Test func `keys are read in lower case, values without blanks around them`() throws {
    let document = try INIDocument(
      Array("# top\n[DEFAULT]\nSERVER_PORT = 12345 \r\nName:a = b ; c\n; end\n\n".utf8),
      file: "c.ini")
    #expect(
      document.sections["DEFAULT"] == [
        Setting(key: "server_port", value: "12345", origin: .file("c.ini", line: 3)),
        Setting(key: "name", value: "a = b ; c", origin: .file("c.ini", line: 4)),
      ])
  }

  @Test func `sections are kept apart`() throws {
    let document = try INIDocument(
      Array("[DEFAULT]\na = 1\n[other]\na = 2\n[DEFAULT]\nb = 3\n".utf8), file: "c.ini")
    #expect(document.sections["DEFAULT"]?.map(\.value) == ["1", "3"])
    #expect(document.sections["other"]?.map(\.value) == ["2"])
  }

  @Test(
    arguments: [
      ("a = 1\n", "c.ini:1: a: no section, such as [DEFAULT], above it"),
      ("[DEFAULT]\na\n", "c.ini:2: \"a\": must be a key, = and a value"),
      (
        "[DEFAULT]\na = 1\n  2\n",
        "c.ini:3: an indented line: values over several lines are not supported"
      ),
      ("[DEFAULT]\na = %(b)s\n", "c.ini:2: a: '%' is not allowed: interpolation is not supported"),
      ("[DEFAULT]\na = 1\nA : 2\n", "c.ini:3: a: duplicate key"),
      ("[x]\n[x]\n", "c.ini:2: [x]: duplicate section"),
      (
        "[DEFAULT\n",
        "c.ini:1: \"[DEFAULT\": a section must be a name in brackets, such as [DEFAULT]"
      ),
      ("[DEFAULT]\n= 1\n", "c.ini:2: \"\": a key must be letters, digits, '_', '-' and '.'"),
      ("[DEFAULT]\na = \u{0}\n", "c.ini:2: character \"\\0\" is not allowed here"),
    ])
  func `what is outside the dialect is refused with file, line and rule`(
    text: String, problem: String
  ) {
    let error = #expect(throws: ConfigurationError.self) {
      try INIDocument(Array(text.utf8), file: "c.ini")
    }
    #expect(error?.description == problem)
  }

  @Test func `bytes that are not UTF-8 are refused`() {
    #expect(throws: ConfigurationError(file: "c.ini", line: 1, "the file is not UTF-8")) {
      try INIDocument([0x5B, 0xFF], file: "c.ini")
    }
  }
}
