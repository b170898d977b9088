import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite struct ClientConfigurationTests {
  @Test func `number and address suffice`() throws {
    let configuration = try Self.read("", ["CLI_ID": "3", "CLI_SERVER_ADDRESS": "server:12345"])
    #expect(configuration.id == 3)
    #expect(configuration.serverAddress == Endpoint("server:12345"))
    #expect(configuration.mode == .lottery)
    #expect(configuration.agencyFile == ".data/agency-3.csv")
    // The line is the exercise's.
    #expect(
      configuration.logLine.text
        == "action: config | result: success | client_id: 3 | server_address: server:12345"
        + " | loop_amount: 5 | loop_period: 5s | log_level: INFO")
  }

  @Test func `keys are case-insensitive, and the environment outranks the file`() throws {
    let text = """
      ID: 1
      server:
        address: "a:1"
      Batch:
        MAXAMOUNT: 10
        window: 2
      loop:
        period: 1m30s
        amount: 0
      """
    let configuration = try Self.read(
      text, ["CLI_ID": "2", "CLI_BATCH_MAXAMOUNT": "", "CLI_MODE": "echo", "CLI_BATCH_WINDOW": "7"])
    #expect(configuration.id == 2)
    #expect(configuration.serverAddress == Endpoint("a:1"))
    #expect(configuration.batchMaxAmount == 10)
    #expect(configuration.batchWindow == 7)
    #expect(configuration.loopPeriod == .seconds(90))
    #expect(configuration.loopAmount == 0)
    #expect(configuration.mode == .echo)
  }

  @Test(arguments: [
    ("CLI_ID", "", "id: must be set, in the file or as CLI_ID"),
    ("CLI_ID", "0", "environment: CLI_ID = \"0\": must be a whole number from 1 to 4294967295"),
    (
      "CLI_SERVER_ADDRESS", "server",
      "environment: CLI_SERVER_ADDRESS = \"server\": must be HOST:PORT, like server:12345"
    ),
    (
      "CLI_MODE", "sleep", "environment: CLI_MODE = \"sleep\": must be one of lottery, bet, echo"
    ),
    (
      "CLI_LOOP_PERIOD", "-5s",
      "environment: CLI_LOOP_PERIOD = \"-5s\": must be a duration from 0s to 8760h0m0s, like 5s, "
        + "250ms or 1m30s"
    ),
  ])
  func `a bad value is one line with its place, key, value and rule`(
    variable: String, value: String, line: String
  ) {
    var environment = ["CLI_ID": "1", "CLI_SERVER_ADDRESS": "a:1"]
    environment[variable] = value
    let error = #expect(throws: ConfigurationError.self) { try Self.read("", environment) }
    #expect(error?.description == line)
  }

  @Test func `the documents list all settings with their defaults`() throws {
    let settings = ClientConfiguration.settings
    #expect(
      try Documents.settings(under: "### The agency")
        == settings.map { [$0.key, ClientConfiguration.variable(of: $0.key), $0.initial] })
    for setting in settings {
      let name = setting.key.split(separator: ".").last ?? ""
      #expect(try Documents.configuration("config.yaml", holds: "\(name):"), "\(setting.key)")
    }
    for line in ClientConfiguration.help.split(separator: "\n") { #expect(line.count <= 100) }
  }

  @Test(
    arguments: [
      ("NOMBRE", .firstName), ("APELLIDO", .lastName), ("DOCUMENTO", .document),
      ("NACIMIENTO", .birthdate), ("NUMERO", .number),
    ] as [(String, BetRuleViolation.Field)])
  func `exercise 5's bet is read from the environment, and its rules are kept`(
    variable: String, field: BetRuleViolation.Field
  ) throws {
    var texts = [
      "NOMBRE": "Santiago Lionel", "APELLIDO": "Lorca", "DOCUMENTO": "30904465",
      "NACIMIENTO": "1999-03-17", "NUMERO": "7574",
    ].mapValues { Array($0.utf8) }
    let bet = try Bet { texts[$0] }
    #expect(bet.firstName == "Santiago Lionel" && bet.lastName == "Lorca")
    #expect(bet.document == "30904465" && bet.number == 7574)
    #expect(bet.birthdate.description == "1999-03-17")
    texts[variable] = nil
    #expect(throws: AgencyError.unset(variable: variable)) { try Bet { texts[$0] } }
    // Latin-1 is refused, not repaired.
    for (text, rule) in [([0x4D, 0xF1], "valid UTF-8"), ([0x30, 0], nil)] as [([UInt8], String?)] {
      texts[variable] = text
      let error = #expect(throws: AgencyError.self) { try Bet { texts[$0] } }
      guard case .badBet(let violation)? = error else {
        Issue.record("\(error as Any)")
        continue
      }
      #expect(violation.field == field)
      #expect(rule == nil || violation.rule == rule)
    }
  }

  @Test(arguments: ["secret", "secret\n", "secret\r\n", " \tsecret \t \n", "secret\nmore\n"])
  func `the key is the first line, without blanks around it`(text: String) throws {
    #expect(try Self.key(text) == "secret")
  }

  @Test(arguments: ["", "\n", " \t\n", "\nsecret\n", String(repeating: "k", count: 256)])
  func `a file without a key is refused, and the key is not shown`(text: String) {
    let error = #expect(throws: ConfigurationError.self) { try Self.key(text) }
    #expect(error?.description.hasSuffix(":1: a key must be 1 to 255 bytes of UTF-8") == true)
  }

  private static func key(_ text: String) throws -> String {
    let directory = TemporaryDirectory()
    var configuration = ClientConfiguration(
      id: 1, serverAddress: try #require(Endpoint("a:1")), dataFile: "")
    configuration.keyFile = Path(try directory.path(of: "key", holding: text))
    return try configuration.key()
  }

  private static func read(
    _ text: String, _ environment: [String: String]
  ) throws(ConfigurationError) -> ClientConfiguration {
    let file = try ConfigFile(Array(text.utf8), file: "c.yaml", dialect: .yaml)
    let settings = try Settings<ClientConfiguration>(file) { name in
      environment[name].map { Array($0.utf8) }
    }
    return settings.configuration
  }
}
