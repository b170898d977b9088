import LotteryProtocol
import ProcessSupport

/// The configuration of an agency.
struct ClientConfiguration: Equatable {
  /// The agency's number.
  var id: UInt32
  /// Where the server listens.
  var serverAddress: Endpoint
  /// What the agency does.
  var mode = ClientMode.lottery
  /// Lines that mode `echo` sends.
  var loopAmount = 5
  /// The pause of mode `echo` after each line.
  var loopPeriod = Duration.seconds(5)
  /// The lowest level that is logged.
  var logLevel = LogLevel.info
  /// The file with the agency's key. Nil if the server asks for none.
  var keyFile: String?
  /// The file with the agency's bets.
  var dataFile: String
  /// The most bets in a batch. A batch holds fewer if more would not fit into a packet.
  var batchMaxAmount = 150
  /// The most batches in flight.
  var batchWindow = 32
  /// How long the agency retries.
  var retry = RetryPolicy()
}

/// What an agency does.
enum ClientMode: String, CaseIterable {
  /// Exercises 6 to 8: sends all bets of its file and asks for its winners.
  case lottery
  /// Exercise 5: sends one bet.
  case bet
  /// Exercises 1 to 4: sends a few lines and reads them back.
  case echo
}

extension ClientConfiguration {
  /// The configuration file unless `--config` names another.
  static let defaultFile = "config.yaml"

  /// Reads the configuration from `settings`.
  init(_ settings: inout Settings) throws(ConfigurationError) {
    id = try settings.required("id", "CLI_ID", .wholeNumber(1...UInt32.max))
    serverAddress = try settings.required("server.address", "CLI_SERVER_ADDRESS", .endpoint)
    let file = try settings.value("data.file", "CLI_DATA_FILE", .text)
    dataFile = Self.path(file ?? ".data/agency-{id}.csv", of: id)
    keyFile = try settings.value("key.file", "CLI_KEY_FILE", .text)
    try settings.read("mode", "CLI_MODE", .word, into: &mode)
    try settings.read("log.level", "CLI_LOG_LEVEL", .logLevel, into: &logLevel)
    try settings.read(
      "loop.amount", "CLI_LOOP_AMOUNT", .wholeNumber(0...1_000_000_000), into: &loopAmount)
    try settings.read(
      "loop.period", "CLI_LOOP_PERIOD", .duration(Self.durations), into: &loopPeriod)
    try settings.read(
      "batch.maxAmount", "CLI_BATCH_MAXAMOUNT", .wholeNumber(ProtocolLimits.batchCount),
      into: &batchMaxAmount)
    try settings.read(
      "batch.window", "CLI_BATCH_WINDOW", .wholeNumber(1...1024), into: &batchWindow)
    try settings.read(
      "retry.limit", "CLI_RETRY_LIMIT", .duration(Self.durations), into: &retry.limit)
    try settings.read("retry.pause", "CLI_RETRY_PAUSE", .duration(Self.pauses), into: &retry.pause)
    try settings.read(
      "retry.maxPause", "CLI_RETRY_MAXPAUSE", .duration(Self.pauses), into: &retry.maxPause)
  }

  /// Reads the agency's key: the first line of its key file. Empty if there is no key file.
  func key() throws -> String {
    guard let path = keyFile else { return "" }
    let lines = try ConfigurationLines(ConfigurationFile.read(path), file: path)
    guard let key = lines.makeIterator().next()?.1.agencyKey else {
      throw ConfigurationError(
        file: path, line: 1, "a key must be 1 to \(ProtocolLimits.textSize) bytes of UTF-8")
    }
    return key
  }

  /// The first line of the log, to the letter of the exercises.
  var logLine: LogLine {
    LogLine(
      "config", .success,
      [
        "client_id": "\(id)", "server_address": "\(serverAddress)",
        "loop_amount": "\(loopAmount)", "loop_period": loopPeriod.goText,
        "log_level": logLevel.name,
      ])
  }

  private static let durations = Duration.zero...Duration.seconds(365 * 24 * 3600)
  private static let pauses = Duration.milliseconds(1)...Duration.seconds(3600)

  /// Replaces `{id}` in `pattern` by the agency's number.
  private static func path(_ pattern: String, of id: UInt32) -> String {
    pattern.split(separator: "{id}", omittingEmptySubsequences: false).joined(separator: "\(id)")
  }
}

extension ValueRule where Value == Endpoint {
  /// A host and a port.
  static var endpoint: Self { Self("HOST:PORT, like server:12345") { Endpoint($0) } }
}

extension Bet {
  /// The bet in the variables of exercise 5: NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO, NUMERO.
  ///
  /// - Throws: ``AgencyError/badBet(_:)`` if a variable is missing or breaks its rule.
  init(environment: (String) -> [UInt8]?) throws(AgencyError) {
    func text(
      _ variable: String, _ field: BetRuleViolation.Field
    ) throws(BetRuleViolation) -> String {
      let bytes = environment(variable) ?? []
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw BetRuleViolation(field, value: bytes.span, rule: "valid UTF-8")
      }
      return text
    }
    self = try mapError(AgencyError.badBet) { () throws(BetRuleViolation) in
      try Bet(
        firstName: text("NOMBRE", .firstName),
        lastName: text("APELLIDO", .lastName),
        document: text("DOCUMENTO", .document),
        birthdate: text("NACIMIENTO", .birthdate),
        number: text("NUMERO", .number))
    }
  }
}
