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

  /// An empty value counts as not set. Values may be secret.
  @Test(
    arguments: [
      (
        "count: 1\ncuont: 2\nlongName: secret\n", ["S_COUNT": "3", "S_LONGNAME": "key"], 3,
        [
          "INFO     action: override_key | result: success | key: count | origin: c:1"
            + " | variable: S_COUNT",
          "INFO     action: override_key | result: success | key: longname | origin: c:3"
            + " | variable: S_LONGNAME",
          "WARNING  action: ignore_key | result: success | key: cuont | origin: c:2",
        ]
      ), ("count: ''\nlongName:\n", ["S_COUNT": "", "S_LONGNAME": "key"], 7, []),
    ] as [(String, [String: String], Int, [String])])
  func `keys of the file that do not count are logged, without their values`(
    text: String, environment: [String: String], count: Int, lines: [String]
  ) throws {
    let log = try LogFile()
    let settings = try Settings<Sample>(ConfigFile(Array(text.utf8), file: "c", dialect: .yaml)) {
      environment[$0].map { Array($0.utf8) }
    }
    #expect(settings.configuration.count == count)
    #expect(settings.configuration.name == "key")
    settings.report(to: log.log)
    #expect(try log.lines() == lines)
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
