import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// The server's settings and keys. How settings are read is tested in `ProcessSupportTests`.
@Suite struct ConfigurationTests {
  private static func settings(
    _ text: String = "", _ environment: [String: String] = [:]
  ) throws(ConfigurationError) -> Settings<ServerConfiguration> {
    let file = try ConfigFile(Array(text.utf8), file: "c.ini", dialect: .ini)
    return try Settings(file) { environment[$0].map { Array($0.utf8) } }
  }

  @Test func `without file and environment the defaults of the exercise apply`() throws {
    let configuration = try Self.settings().configuration
    #expect(configuration == ServerConfiguration())
    #expect((configuration.agencies, configuration.winnersDelay) == (5, .zero))
    #expect(configuration.agencyKeys == nil)
    // The line of the exercise.
    #expect(
      configuration.logLine.text
        == "action: config | result: success | port: 12345 | listen_backlog: 5 | logging_level: INFO"
    )
  }

  private static let duration =
    "must be a duration from 0s to 24h0m0s, like 5s, 250ms or 1m30s"

  @Test(
    arguments: [
      ("SERVER_PORT", "65536", "must be a whole number from 0 to 65535"),
      ("SERVER_LISTEN_BACKLOG", "0", "must be a whole number from 1 to 65535"),
      ("SERVER_AGENCIES", "-1", "must be a whole number from 0 to 4294967295"),
      ("LOGGING_LEVEL", "loud", "must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL"),
      ("SERVER_WINNERS_DELAY", "-1ns", duration),
      (
        "SERVER_WINNERS_DELAY", "24h0m0.000000001s",
        duration
      ),
      ("SERVER_AGENCY_KEYS", "", "must be a file; to ask for no keys, do not set it"),
    ])
  func `a bad value is one line with its place, key, value and rule`(
    key: String, value: String, rule: String
  ) {
    for (place, text, environment) in [
      ("c.ini:2", "[DEFAULT]\n\(key) = \(value)\n", [:]), ("environment", "", [key: value]),
    ] {
      let error = #expect(throws: ConfigurationError.self) { try Self.settings(text, environment) }
      #expect(error?.description == "\(place): \(key) = \"\(value)\": \(rule)")
      #expect(error?.exitStatus == .badConfiguration)
    }
  }

  @Test func `the configuration file lists all settings with their defaults`() throws {
    try expectDocuments(of: ServerConfiguration.self, others: ["SERVER_WINNERS_DELAY"])
  }

  @Test(
    arguments: [(5, 5, 128), (129, 5, 129), (5, 129, 129), (5, 65_535, 65_535), (1, .max, 65_535)]
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

  // MARK: Keys

  @Test func `an agency is admitted only with its own key, without the blanks around it`() throws {
    let text = "# two\n1: \talpha beta \t\n\n2:be:ta\r\n3:more\n"
    let keys = try AgencyKeys(Array(text.utf8), file: "keys", agencies: 2)
    for (agency, key, isRight) in [
      (1, "alpha beta", true), (2, "be:ta", true), (1, "be:ta", false), (1, "", false),
      (1, "alpha bet", false), (1, "alpha betaa", false), (1, "Alpha beta", false),
      (1, " alpha beta", false), (4, "", false), (4, "alpha beta", false),
      (1, "alpha beta\0", false),
    ] as [(UInt32, String, Bool)] {
      #expect(keys.admit(agency, key: key) == isRight, "\(agency) with \(key)")
    }
  }

  private static let keyRule = "keys:1: must be AGENCY:KEY, a number from 1 and 1 to 255 bytes"

  @Test(
    arguments: [
      ("1:a\n1:b\n2:c\n", "keys:2: agency 1 has two keys"),
      ("1:a\n", "keys:1: agency 2 has no key"),
      ("secret\n", keyRule), ("1: \t\n", keyRule), ("1:\n", keyRule), ("0:secret\n", keyRule),
      ("+1:secret\n", keyRule),
    ])
  func `a bad file of keys is refused with its line, and no key is shown`(
    text: String, problem: String
  ) {
    let error = #expect(throws: ConfigurationError.self) {
      try AgencyKeys(Array(text.utf8), file: "keys", agencies: 2)
    }
    #expect(error?.description == problem)
  }
}
