import LotteryProtocol
import TestSupport
import Testing

@testable import ProcessSupport

@Suite struct SettingsTests {
  private struct Sample: ProgramConfiguration {
    var count = 7
    var name: Path?

    static let defaultFile = "sample.yaml"
    static let dialect = ConfigFile.Dialect.yaml
    static func variable(of key: String) -> String { "S_" + key.uppercased() }
    static let settings: [Setting<Self>] = [
      Setting("count", \.count, .wholeNumber(0...10), "how many"),
      Setting("longName", \.name, .file("a file"), "the name"),
    ]
  }

  private static func settings(
    _ text: String, _ environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Settings<Sample> {
    let file = try ConfigFile(Array(text.utf8), file: "c", dialect: .yaml)
    return try Settings(file) { environment[$0].map { Array($0.utf8) } }
  }

  @Test func `keys of the file that do not count are logged, without their values`() throws {
    let log = try LogFile()
    let settings = try Self.settings(
      "count: 1\ncuont: 2\nlongName: secret\n", ["S_COUNT": "3", "S_LONGNAME": "key"])
    #expect(settings.configuration.count == 3)
    settings.report(to: log.log)
    let line = "action: override_key | result: success | key:"
    #expect(
      try log.lines(of: "override_key") == [
        "INFO     \(line) count | origin: c:1 | variable: S_COUNT",
        "INFO     \(line) longname | origin: c:3 | variable: S_LONGNAME",
      ])
    #expect(
      try log.lines(of: "ignore_key") == [
        "WARNING  action: ignore_key | result: success | key: cuont | origin: c:2"
      ])
  }

  @Test func `an empty value counts as not set, and a key that only one sets is not logged`()
    throws
  {
    let log = try LogFile()
    let settings = try Self.settings(
      "count: ''\nlongName:\n", ["S_COUNT": "", "S_LONGNAME": "key"])
    #expect(settings.configuration.count == 7)
    #expect(settings.configuration.name == "key")
    settings.report(to: log.log)
    #expect(try log.lines() == [])
  }

  @Test(arguments: ["-1", "+1", "' 1'", "1.0", "11"])
  func `a number is digits, and within its limits`(text: String) {
    #expect(throws: ConfigurationError.self) { try Self.settings("count: \(text)\n") }
  }

  @Test func `a path keeps bytes that are not UTF-8, and other values must be UTF-8`() throws {
    let file = try ConfigFile([], file: "c", dialect: .yaml)
    let latin1: [UInt8] = [0x4D, 0xF1]
    let settings = try Settings<Sample>(file) { $0 == "S_LONGNAME" ? latin1 : nil }
    #expect(settings.configuration.name?.bytes == latin1)
    #expect(settings.configuration.name?.description == "M\u{FFFD}")
    let error = #expect(throws: ConfigurationError.self) {
      try Settings<Sample>(file) { _ in latin1 }
    }
    #expect(error?.description == "environment: S_COUNT = \"M\u{FFFD}\": must be valid UTF-8")
  }

  @Test func `the help shows keys, variables and defaults`() {
    #expect(Sample.help == "  count     S_COUNT     how many (7)\n  longName  S_LONGNAME  the name")
  }

  @Test func `a file that is too large or a directory is an error`() throws {
    let directory = TemporaryDirectory()
    let limit = 64 * 1024
    try directory.write([UInt8](repeating: 10, count: limit), to: "largest")
    #expect(try ConfigFile.read(Path(directory.file("largest"))).count == limit)
    try directory.write([UInt8](repeating: 10, count: limit + 1), to: "large")
    let large = Path(directory.file("large"))
    #expect(throws: ConfigurationError.self) { try ConfigFile.read(large) }
    #expect(try ConfigFile.read(large, sizeLimit: limit + 1).count == limit + 1)
    #expect(throws: ConfigurationError.self) { try ConfigFile.read(Path(directory.path)) }
  }

  @Test func `a file that was named must be there, the default one need not`() throws {
    let directory = TemporaryDirectory()
    let missing = Path(directory.file("missing"))
    let there = Path(try directory.path(of: "there", holding: "count: 3\n"))
    for (named, initial, count) in [
      (nil, missing, 7), (nil, there, 3), (there, missing, 3),
    ] as [(Path?, Path, Int)] {
      let settings = try Settings<Sample>(fileNamed: named, orDefault: initial)
      #expect(settings.configuration.count == count)
    }
    let error = #expect(throws: ConfigurationError.self) {
      try Settings<Sample>(fileNamed: missing)
    }
    #expect(error?.description == "\(missing): no such file")
    #expect(error?.exitStatus == .noInput)
  }
}
