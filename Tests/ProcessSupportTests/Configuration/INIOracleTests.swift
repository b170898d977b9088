import ProcessSupport
import TestSupport
import Testing

/// INI documents against Python's `configparser`.
@Suite struct INIOracleTests {
  @Test func `what is accepted is read by configparser in the same way`() throws {
    try expectSameAsPython("ini") { text in
      let file = try? ConfigFile(Array(text.utf8), file: "c.ini", dialect: .ini)
      return file.map { file in
        let entries = file.entries.filter { !$0.key.hasPrefix("[") }
        return Dictionary(uniqueKeysWithValues: entries.map { ($0.key, $0.value) })
      }
    }
  }
}
