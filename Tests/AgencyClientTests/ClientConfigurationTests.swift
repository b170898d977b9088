import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite struct ClientConfigurationTests {
  @Test func `number and address suffice`() throws {
    let configuration = try Self.read(["CLI_ID": "3", "CLI_SERVER_ADDRESS": "server:12345"])
    #expect(
      configuration
        == ClientConfiguration(id: 3, serverAddress: Endpoint(host: "server", port: 12345)))
    #expect(configuration.mode == .lottery)
    #expect(configuration.agencyFile == ".data/agency-3.csv")
    // The line is the exercise's.
    #expect(
      configuration.logLine.text
        == "action: config | result: success | client_id: 3 | server_address: server:12345"
        + " | loop_amount: 5 | loop_period: 5s | log_level: INFO")
  }

  @Test func `each setting has its variable`() throws {
    let configuration = try Self.read([
      "CLI_ID": "1", "CLI_SERVER_ADDRESS": "a:1", "CLI_MODE": "bet", "CLI_LOOP_AMOUNT": "0",
      "CLI_LOOP_PERIOD": "1m30s", "CLI_LOG_LEVEL": "debug", "CLI_DATA_FILE": "{id}.csv",
      "CLI_KEY_FILE": "key", "CLI_BATCH_MAXAMOUNT": "10", "CLI_BATCH_WINDOW": "2",
      "CLI_RETRY_LIMIT": "3s", "CLI_RETRY_PAUSE": "1s", "CLI_RETRY_MAXPAUSE": "2s",
    ])
    #expect(
      configuration
        == ClientConfiguration(
          id: 1, serverAddress: Endpoint(host: "a", port: 1), mode: .bet, loopAmount: 0,
          loopPeriod: .seconds(90), logLevel: .debug, dataFile: "{id}.csv", keyFile: "key",
          batchMaxAmount: 10, batchWindow: 2,
          retry: RetryPolicy(limit: .seconds(3), pause: .seconds(1), maxPause: .seconds(2))))
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
    let error = #expect(throws: ConfigurationError.self) { try Self.read(environment) }
    #expect(error?.description == line)
  }

  @Test func `the configuration file lists all settings with their defaults`() throws {
    try expectDocuments(of: ClientConfiguration.self, others: [])
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
    let latin1: [UInt8] = [0x4D, 0xF1]
    texts[variable] = latin1
    let violation = BetRuleViolation(field, value: latin1.span, rule: "valid UTF-8")
    #expect(throws: AgencyError.badBet(violation)) { try Bet { texts[$0] } }
  }

  @Test(
    arguments: ["secret", "secret\n", "secret\r\n", " \tsecret \t \n", "secret\nmore\n"].map {
      ($0, true)
    }
      + ["", "\n", " \t\n", "\nsecret\n", String(repeating: "k", count: 256)].map { ($0, false) })
  func `the key is the first line, without blanks around it, and is not shown if it is bad`(
    text: String, isGood: Bool
  ) throws {
    let directory = TemporaryDirectory()
    var configuration = ClientConfiguration()
    configuration.keyFile = Path(try directory.path(of: "key", holding: text))
    do {
      #expect(try configuration.key() == "secret" && isGood)
    } catch let error as ConfigurationError {
      #expect(error.description.hasSuffix(":1: a key must be 1 to 255 bytes of UTF-8") && !isGood)
    }
  }

  private static func read(
    _ environment: [String: String]
  ) throws(ConfigurationError) -> ClientConfiguration {
    let file = try ConfigFile([], file: "c.yaml", dialect: .yaml)
    let settings = try Settings<ClientConfiguration>(file) { name in
      environment[name].map { Array($0.utf8) }
    }
    return settings.configuration
  }
}
