import Testing

@testable import ProcessSupport

@Suite struct YAMLFileTests {
  @Test func `nested keys become one key with points`() throws {
    let text = """
      # top
      server:
        address: "server:12345"  # where
      loop:
          amount: 5
          inner:
            deep: 'it''s'
      batch:
      id: 1
      """
    let file = try ConfigFile(Array(text.utf8), file: "c.yaml", dialect: .yaml)
    #expect(
      file.entries == [
        ConfigFile.Entry(key: "server.address", value: "server:12345", origin: "c.yaml:3"),
        ConfigFile.Entry(key: "loop.amount", value: "5", origin: "c.yaml:5"),
        ConfigFile.Entry(key: "loop.inner.deep", value: "it's", origin: "c.yaml:7"),
        ConfigFile.Entry(key: "batch", value: "", origin: "c.yaml:8"),
        ConfigFile.Entry(key: "id", value: "1", origin: "c.yaml:9"),
      ])
  }

  @Test(arguments: [
    ("a: 1\na: 2", "c.yaml:2: a: duplicate key"),
    ("a.b: 1\na:\n  B: 2", "c.yaml:3: a.b: duplicate key"),
    ("- a", "c.yaml:1: \"- a\": must be a key, a colon and a value"),
    ("a: [1]", "c.yaml:1: a: \"[1]\": only plain and quoted texts are supported"),
    ("a: &x 1", "c.yaml:1: a: \"&x 1\": only plain and quoted texts are supported"),
    ("a: |\n  x", "c.yaml:1: a: \"|\": only plain and quoted texts are supported"),
    ("a:1", "c.yaml:1: \"a:1\": a blank must follow the colon"),
    ("a: b: c", "c.yaml:1: a: \"b: c\": a colon and a blank inside a text need quotes"),
    ("a: b:", "c.yaml:1: a: \"b:\": a colon at the end of a text needs quotes"),
    ("a: 'b", "c.yaml:1: a: no closing quote on this line"),
    ("a: \"\\n\"", "c.yaml:1: a: an escape other than \\\" and \\\\"),
    ("a: 'b' c", "c.yaml:1: a: text after the closing quote"),
    ("a: 'b'#c", "c.yaml:1: a: text after the closing quote"),
    ("a:\t1", "c.yaml:1: a tab: use spaces"),
    ("a: 1\n  b: 2", "c.yaml:2: indented more than the line above"),
    ("a:\n    b: 1\n  c: 2", "c.yaml:3: the indentation matches no line above"),
    ("a: 1\n---\nb: 2", "c.yaml:2: \"---\": must be a key, a colon and a value"),
  ])
  func `what is outside the subset is an error with file, line and reason`(
    text: String, problem: String
  ) {
    let error = #expect(throws: ConfigurationError.self) {
      try ConfigFile(Array(text.utf8), file: "c.yaml", dialect: .yaml)
    }
    #expect(error?.description == problem)
  }
}
