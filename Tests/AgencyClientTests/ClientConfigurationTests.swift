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
    #expect(configuration.loopAmount == 5)
    #expect(configuration.loopPeriod == .seconds(5))
    #expect(configuration.agencyFile == ".data/agency-3.csv")
    #expect(configuration.batchMaxAmount == 150)
    #expect(configuration.batchWindow == 32)
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

  @Test func `{id} in the data file's name is the agency's number`() throws {
    let configuration = try Self.read(
      "", ["CLI_ID": "12", "CLI_SERVER_ADDRESS": "a:1", "CLI_DATA_FILE": "/d/{id}/{id}.csv"])
    #expect(configuration.agencyFile == "/d/12/12.csv")
  }

  @Test(arguments: [
    ("CLI_ID", "0", "a whole number from 1 to 4294967295"),
    ("CLI_SERVER_ADDRESS", "server", "HOST:PORT, like server:12345"),
    ("CLI_MODE", "sleep", "one of lottery, bet, echo"),
    ("CLI_BATCH_MAXAMOUNT", "65536", "a whole number from 1 to 65535"),
    ("CLI_LOOP_PERIOD", "5", "a duration from 0s to 8760h0m0s, like 5s, 250ms or 1m30s"),
    ("CLI_LOOP_PERIOD", "-5s", "a duration from 0s to 8760h0m0s, like 5s, 250ms or 1m30s"),
  ])
  func `a bad value is one line with its place, key, value and rule`(
    variable: String, value: String, rule: String
  ) {
    var environment = ["CLI_ID": "1", "CLI_SERVER_ADDRESS": "a:1"]
    environment[variable] = value
    let error = #expect(throws: ConfigurationError.self) { try Self.read("", environment) }
    #expect(error?.description == "environment: \(variable) = \"\(value)\": must be \(rule)")
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

  @Test func `without a number the agency does not start`() {
    let error = #expect(throws: ConfigurationError.self) {
      try Self.read("id: # none\n", ["CLI_SERVER_ADDRESS": "a:1"])
    }
    #expect(error?.description == "id: must be set, in the file or as CLI_ID")
  }

  @Test func `the log line is the exercise's`() throws {
    let configuration = try Self.read(
      "loop:\n  period: 90000ms\n", ["CLI_ID": "1", "CLI_SERVER_ADDRESS": "server:12345"])
    #expect(
      configuration.logLine.text
        == "action: config | result: success | client_id: 1 | server_address: server:12345"
        + " | loop_amount: 5 | loop_period: 1m30s | log_level: INFO")
  }

  @Test func `exercise 5's bet is read from the environment, and its rules are kept`() throws {
    var environment = [
      "NOMBRE": "Santiago Lionel", "APELLIDO": "Lorca", "DOCUMENTO": "30904465",
      "NACIMIENTO": "1999-03-17", "NUMERO": "7574",
    ]
    let bet = try Bet(environment: { environment[$0].map { Array($0.utf8) } })
    #expect(bet.document == "30904465")
    #expect(bet.number == 7574)
    environment["NACIMIENTO"] = "1999-02-29"
    let error = #expect(throws: AgencyError.self) {
      try Bet(environment: { environment[$0].map { Array($0.utf8) } })
    }
    #expect(
      error?.description
        == "birthdate \"1999-02-29\": must be a date that exists, written YYYY-MM-DD")
    #expect(error?.exitStatus == .badData)
  }

  @Test(arguments: ["NOMBRE", "APELLIDO", "DOCUMENTO", "NACIMIENTO", "NUMERO"])
  func `a variable of the bet that is not set is an error that names it`(variable: String) {
    let error = #expect(throws: AgencyError.self) {
      try Bet(environment: { name in
        switch name {
        case variable: nil
        case "NACIMIENTO": Array("1999-03-17".utf8)
        default: Array("1".utf8)
        }
      })
    }
    #expect(error?.description == "\(variable): must be set for mode bet")
    #expect(error?.exitStatus == .badData)
  }

  @Test func `names may be empty, but not the rest of the bet`() throws {
    var environment = ["NOMBRE": "", "APELLIDO": "", "DOCUMENTO": "1", "NUMERO": "2"]
    environment["NACIMIENTO"] = "1999-03-17"
    let bet = try Bet(environment: { environment[$0].map { Array($0.utf8) } })
    #expect(bet.firstName == "" && bet.lastName == "")
    environment["DOCUMENTO"] = ""
    let error = #expect(throws: AgencyError.self) {
      try Bet(environment: { environment[$0].map { Array($0.utf8) } })
    }
    #expect(error?.description == "document \"\": must be 1 to 20 digits")
  }

  @Test(
    arguments: [
      ("NOMBRE", .firstName), ("APELLIDO", .lastName), ("DOCUMENTO", .document),
      ("NACIMIENTO", .birthdate), ("NUMERO", .number),
    ] as [(String, BetRuleViolation.Field)])
  func `a bet in the environment that is not UTF-8 is refused, not repaired`(
    variable: String, field: BetRuleViolation.Field
  ) {
    let latin1: [UInt8] = [0x4D, 0x75, 0xF1, 0x6F, 0x7A]
    let violation = BetRuleViolation(field, value: latin1.span, rule: "valid UTF-8")
    #expect(throws: AgencyError.badBet(violation)) {
      try Bet(environment: { $0 == variable ? latin1 : [] })
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
