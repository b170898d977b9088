import ProcessSupport
import TestSupport
import Testing

/// YAML documents against PyYAML.
@Suite struct YAMLOracleTests {
  @Test func `what is accepted is read by PyYAML in the same way`() throws {
    try expectSameAsPython("yaml") { text in
      let file = try? ConfigFile(Array(text.utf8), file: "c.yaml", dialect: .yaml)
      return file.map {
        Dictionary(uniqueKeysWithValues: $0.entries.map { ($0.key, $0.value) })
      }
    }
  }
}
