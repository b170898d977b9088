import ProcessSupport
import TestSupport
import Testing

@Suite struct SettingsTests {
  @Test func `keys that the program has not asked for are reported, and only those`() throws {
    var settings = Settings(
      file: [Self.setting("batch.maxamount", "1"), Self.setting("batch.maxamout", "2")]
    ) { _ in nil }
    let value = try settings.value("batch.maxAmount", "X", .wholeNumber(0...10))
    #expect(value == 1)
    #expect(settings.unused.map(\.key) == ["batch.maxamout"])
  }

  @Test func `an empty value counts as not set, in the file and in the environment`() throws {
    var settings = Settings(file: [Self.setting("a", "")]) { _ in "" }
    #expect(try settings.value("a", "A", .text) == nil)
  }

  @Test(arguments: ["-1", "+1", " 1", "1.0", "11"])
  func `a number is digits, and within its limits`(text: String) {
    var settings = Settings(file: [Self.setting("a", text)]) { _ in nil }
    #expect(throws: ConfigurationError.self) {
      try settings.value("a", "A", .wholeNumber(0...10))
    }
  }

  @Test func `a file that is missing, too large or a directory is an error`() throws {
    let directory = TemporaryDirectory()
    let missing = directory.file("missing")
    let error = #expect(throws: ConfigurationError.self) { try ConfigurationFile.read(missing) }
    #expect(error?.description == "\(missing): no such file")
    #expect(error?.exitStatus == .badConfiguration)
    try directory.write([1, 2], to: "small")
    #expect(try ConfigurationFile.read(directory.file("small")) == [1, 2])
    try directory.write([UInt8](repeating: 10, count: 64 * 1024), to: "largest")
    #expect(try ConfigurationFile.read(directory.file("largest")).count == 64 * 1024)
    try directory.write([UInt8](repeating: 10, count: 64 * 1024 + 1), to: "large")
    #expect(throws: ConfigurationError.self) {
      try ConfigurationFile.read(directory.file("large"))
    }
    #expect(
      try ConfigurationFile.read(directory.file("large"), sizeLimit: 64 * 1024 + 1).count
        == 64 * 1024 + 1)
    #expect(throws: ConfigurationError.self) { try ConfigurationFile.read(directory.path) }
  }

  /// The whole file is the value of `whole`.
  private struct Whole: ConfigurationDialect {
    let settings: [Setting]

    init(_ bytes: [UInt8], file: String) throws(ConfigurationError) {
      settings = [
        Setting(
          key: "whole", value: String(decoding: bytes, as: UTF8.self),
          origin: .file(file, line: 1))
      ]
    }
  }

  @Test func `a file that was named must be there, the default one need not`() throws {
    let directory = TemporaryDirectory()
    let missing = directory.file("missing")
    #expect(try Settings(Whole.self, file: nil, default: missing).unused.isEmpty)
    let error = #expect(throws: ConfigurationError.self) {
      try Settings(Whole.self, file: missing, default: "config.ini")
    }
    #expect(error?.description == "\(missing): no such file")
    #expect(error?.exitStatus == .noInput)
    try directory.write("yes".utf8, to: "there")
    let there = directory.file("there")
    let setting = Setting(key: "whole", value: "yes", origin: .file(there, line: 1))
    #expect(try Settings(Whole.self, file: there, default: missing).unused == [setting])
    #expect(try Settings(Whole.self, file: nil, default: there).unused == [setting])
  }

  private static func setting(_ key: String, _ value: String) -> Setting {
    Setting(key: key, value: value, origin: .file("c", line: 1))
  }
}
