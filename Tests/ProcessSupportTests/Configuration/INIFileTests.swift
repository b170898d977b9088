import Testing

@testable import ProcessSupport

@Suite struct INIFileTests {
  @Test func `keys are read in lower case, values without blanks around them`() throws {
    let file = try Self.file(
      "# top\n[DEFAULT]\nSERVER_PORT = 12345 \r\nName:a = b ; c\n; end\n\n")
    #expect(
      file.entries == [
        ConfigFile.Entry(key: "server_port", value: "12345", origin: "c.ini:3"),
        ConfigFile.Entry(key: "name", value: "a = b ; c", origin: "c.ini:4"),
      ])
  }

  @Test func `sections are kept apart`() throws {
    let file = try Self.file("[DEFAULT]\na = 1\n[other]\na = 2\n[DEFAULT]\nb = 3\n")
    #expect(file.entries.map(\.key) == ["a", "[other] a", "b"])
    #expect(file.entries.map(\.value) == ["1", "2", "3"])
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
      try Self.file(text)
    }
    #expect(error?.description == problem)
  }

  @Test func `bytes that are not UTF-8 are refused`() {
    #expect(throws: ConfigurationError(file: "c.ini", line: 1, "the file is not UTF-8")) {
      try ConfigFile([0x5B, 0xFF], file: "c.ini", dialect: .ini)
    }
  }

  private static func file(_ text: String) throws(ConfigurationError) -> ConfigFile {
    try ConfigFile(Array(text.utf8), file: "c.ini", dialect: .ini)
  }
}
