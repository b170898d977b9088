import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

@Suite struct ServerConfigurationTests {
  @Test func `without file and environment the defaults of the exercise apply`() throws {
    let configuration = try Self.read("", [:])
    #expect(configuration == ServerConfiguration())
    #expect(configuration.port == 12345)
    #expect(configuration.listenBacklog == 5)
    #expect(configuration.agencies == 5)
    #expect(configuration.winnersDelay == .zero)
  }

  @Test func `the winners may be delayed by a day at most`() throws {
    let longest = try Self.read("", ["SERVER_WINNERS_DELAY": "24h"])
    #expect(longest.winnersDelay == .seconds(24 * 3600))
    #expect(try Self.read("", ["SERVER_WINNERS_DELAY": "1s"]).winnersDelay == .seconds(1))
    #expect(try Self.read("", ["SERVER_WINNERS_DELAY": "0s"]).winnersDelay == .zero)
    for value in ["-1ns", "24h0m0.000000001s", "1"] {
      #expect(throws: ConfigurationError.self, "\(value)") {
        try Self.read("", ["SERVER_WINNERS_DELAY": value])
      }
    }
  }

  @Test func `the environment takes precedence over the file`() throws {
    let configuration = try Self.read(
      "[DEFAULT]\nSERVER_PORT = 1\nLOGGING_LEVEL = debug\n",
      ["SERVER_PORT": "2", "SERVER_AGENCIES": "0", "SERVER_DATA_DIR": "/d", "LOGGING_LEVEL": ""])
    #expect(configuration.port == 2)
    #expect(configuration.loggingLevel == .debug)
    #expect(configuration.agencies == 0)
    #expect(configuration.dataDirectory == "/d")
  }

  @Test func `keys of other sections than DEFAULT are ignored with a warning`() throws {
    let text = "[default]\nSERVER_PORT = 1\n[DEFAULT]\nSERVER_PORTT = 2\n[x]\nSERVER_PORT = 3\n"
    let settings = try Self.settings(text, [:])
    #expect(settings.configuration.port == 12345)
    let log = try LogFile()
    settings.report(to: log.log)
    let line = "WARNING  action: ignore_key | result: success | key:"
    #expect(
      try log.lines(of: "ignore_key") == [
        "\(line) [default] server_port | origin: c.ini:2",
        "\(line) server_portt | origin: c.ini:4",
        "\(line) [x] server_port | origin: c.ini:6",
      ])
  }

  @Test func `an empty name of the file of keys is an error`() throws {
    let rule = "SERVER_AGENCY_KEYS = \"\": must be a file; to ask for no keys, do not set it"
    let inFile = #expect(throws: ConfigurationError.self) {
      try Self.read("[DEFAULT]\nSERVER_AGENCY_KEYS =\n", [:])
    }
    #expect(inFile?.description == "c.ini:2: \(rule)")
    let inEnvironment = #expect(throws: ConfigurationError.self) {
      try Self.read("[DEFAULT]\nSERVER_AGENCY_KEYS = keys\n", ["SERVER_AGENCY_KEYS": ""])
    }
    #expect(inEnvironment?.description == "environment: \(rule)")
    #expect(inEnvironment?.exitStatus == .badConfiguration)
    #expect(try Self.read("[DEFAULT]\nSERVER_AGENCY_KEYS = keys\n", [:]).agencyKeys == "keys")
    #expect(try Self.read("", [:]).agencyKeys == nil)
  }

  @Test(
    arguments: [
      ("SERVER_PORT = 65536", "SERVER_PORT = \"65536\": must be a whole number from 0 to 65535"),
      ("SERVER_PORT = +5", "SERVER_PORT = \"+5\": must be a whole number from 0 to 65535"),
      (
        "SERVER_LISTEN_BACKLOG = 0",
        "SERVER_LISTEN_BACKLOG = \"0\": must be a whole number from 1 to 65535"
      ),
      (
        "LOGGING_LEVEL = loud",
        "LOGGING_LEVEL = \"loud\": must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"
      ),
      (
        "SERVER_AGENCIES = -1",
        "SERVER_AGENCIES = \"-1\": must be a whole number from 0 to 4294967295"
      ),
    ])
  func `a bad value is one line with file, line, key, value and rule`(line: String, problem: String)
  {
    let error = #expect(throws: ConfigurationError.self) {
      try Self.read("[DEFAULT]\n\(line)\n", [:])
    }
    #expect(error?.description == "c.ini:2: " + problem)
    #expect(error?.exitStatus == .badConfiguration)
  }

  @Test func `the documents list all settings with their defaults`() throws {
    let settings = ServerConfiguration.settings
    #expect(
      try Documents.settings(under: "### The server") == settings.map { [$0.key, $0.initial] })
    for setting in settings {
      #expect(
        try Documents.configuration("config.ini", holds: "\(setting.key) ="), "\(setting.key)")
    }
    for line in ServerConfiguration.help.split(separator: "\n") { #expect(line.count <= 100) }
  }

  @Test func `an error in the environment says so`() {
    let error = #expect(throws: ConfigurationError.self) {
      try Self.read("", ["SERVER_PORT": "x"])
    }
    #expect(
      error?.description
        == "environment: SERVER_PORT = \"x\": must be a whole number from 0 to 65535")
  }

  @Test(
    arguments: [(5, 0, 5), (5, 5, 5), (5, 6, 6), (6, 5, 6), (5, 65_535, 65_535), (1, .max, 65_535)]
      as [(Int32, UInt32, Int32)])
  func `the accept queue has room for all agencies`(
    backlog: Int32, agencies: UInt32, expected: Int32
  ) {
    var configuration = ServerConfiguration()
    configuration.listenBacklog = backlog
    configuration.agencies = agencies
    #expect(configuration.acceptQueue == expected)
    #expect(configuration.logLine.text.contains(" | listen_backlog: \(backlog) | "))
  }

  @Test func `the log line is the one of the exercise`() {
    #expect(
      ServerConfiguration().logLine.text
        == "action: config | result: success | port: 12345 | listen_backlog: 5 | logging_level: INFO"
    )
  }

  private static func read(
    _ text: String, _ environment: [String: String]
  ) throws(ConfigurationError) -> ServerConfiguration {
    try settings(text, environment).configuration
  }

  private static func settings(
    _ text: String, _ environment: [String: String]
  ) throws(ConfigurationError) -> Settings<ServerConfiguration> {
    let file = try ConfigFile(Array(text.utf8), file: "c.ini", dialect: .ini)
    return try Settings(file) { environment[$0].map { Array($0.utf8) } }
  }
}
