import LotteryProtocol
import ProcessSupport

struct ClientConfiguration: Equatable {
  /// Required.
  var id: UInt32 = 0
  /// Required.
  var serverAddress = Endpoint(host: "", port: 0)
  var mode = ClientMode.lottery
  var loopAmount = 5
  var loopPeriod = Duration.seconds(5)
  var logLevel = LogLevel.info
  /// See ``agencyFile``.
  var dataFile: Path = ".data/agency-{id}.csv"
  var keyFile: Path?
  var batchMaxAmount = 150
  var batchWindow = 32
  var retry = RetryPolicy()

  var agencyFile: Path { dataFile.replacing("{id}", with: "\(id)") }

  /// Reads the agency's key: the first line of its key file. Empty if there is no key file.
  func key() throws -> String {
    guard let path = keyFile else { return "" }
    let lines = try ConfigFile.lines(ConfigFile.read(path), file: path.description)
    guard let key = lines.first?.text.agencyKey else {
      throw ConfigurationError(
        file: path.description, line: 1,
        "a key must be 1 to \(ProtocolLimits.textSize) bytes of UTF-8")
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
}

enum ClientMode: String, CaseIterable {
  /// Exercises 6 to 8: sends all bets of its file and asks for its winners.
  case lottery
  /// Exercise 5: sends one bet.
  case bet
  /// Exercises 1 to 4: sends a few lines and reads them back.
  case echo
}

extension ClientConfiguration: ProgramConfiguration {
  static let defaultFile = "config.yaml"
  static let dialect = ConfigFile.Dialect.yaml

  /// `CLI_BATCH_MAXAMOUNT` for `batch.maxAmount`.
  static func variable(of key: String) -> String {
    "CLI_" + key.uppercased().split(separator: ".").joined(separator: "_")
  }

  static let settings: [Setting<Self>] = [
    Setting("id", \.id, .wholeNumber(1...UInt32.max), "the agency's number", .required),
    Setting("server.address", \.serverAddress, .endpoint, "HOST:PORT of the server", .required),
    Setting(
      "loop.amount", \.loopAmount, .wholeNumber(0...1_000_000_000), "lines that mode echo sends"),
    Setting("loop.period", \.loopPeriod, .duration(durations), "pause of mode echo after a line"),
    Setting("log.level", \.logLevel, .logLevel, "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    Setting(
      "batch.maxAmount", \.batchMaxAmount, .wholeNumber(ProtocolLimits.batchCount),
      "bets in a batch, fewer if 8000 bytes hold fewer"),
    Setting(
      "batch.window", \.batchWindow, .wholeNumber(ProtocolLimits.window), "batches in flight"),
    Setting("mode", \.mode, .word, "lottery: all bets; bet: one; echo: a few lines"),
    Setting("data.file", \.dataFile, .path, "bets of the agency {id}"),
    Setting("key.file", \.keyFile, .file("a file"), "the agency's key, if keys are asked for"),
    Setting(
      "retry.limit", \.retry.limit, .duration(durations),
      "limit without progress; 0s: one attempt of 5s"),
    Setting("retry.pause", \.retry.pause, .duration(pauses), "first retry delay; it doubles"),
    Setting("retry.maxPause", \.retry.maxPause, .duration(pauses), "longest retry delay"),
  ]

  private static let durations = Duration.zero...Duration.seconds(365 * 24 * 3600)
  private static let pauses = Duration.milliseconds(1)...Duration.seconds(3600)
}

extension ValueRule where Value == Endpoint {
  static var endpoint: Self { Self("HOST:PORT, like server:12345") { Endpoint($0) } }
}

extension Bet {
  /// The bet in the variables of exercise 5: NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO, NUMERO.
  ///
  /// - Throws: ``AgencyError/unset(variable:)``; ``AgencyError/badBet(_:)`` if a value breaks its
  ///   rule.
  init(environment: (String) -> [UInt8]?) throws(AgencyError) {
    func text(
      _ variable: String, _ field: BetRuleViolation.Field
    ) throws(AgencyError) -> String {
      guard let bytes = environment(variable) else { throw .unset(variable: variable) }
      guard let text = String(validating: bytes, as: UTF8.self) else {
        throw .badBet(BetRuleViolation(field, value: bytes.span, rule: "valid UTF-8"))
      }
      return text
    }
    let (firstName, lastName) = (try text("NOMBRE", .firstName), try text("APELLIDO", .lastName))
    let document = try text("DOCUMENTO", .document)
    let birthdate = try text("NACIMIENTO", .birthdate)
    let number = try text("NUMERO", .number)
    do throws(BetRuleViolation) {
      try self.init(
        firstName: firstName, lastName: lastName, document: document, birthdate: birthdate,
        number: number)
    } catch {
      throw .badBet(error)
    }
  }
}

package enum ClientProgram {
  package static func main() -> Never {
    Program(name: "agency-client", help: help, layout: .go).main { file, worker, log in
      let settings = try Settings<ClientConfiguration>(fileNamed: file)
      let configuration = settings.configuration
      log.info(configuration.logLine)
      log.setLevel(configuration.logLevel)
      settings.report(to: log)
      let agency = Agency(
        configuration: configuration, key: try configuration.key(), worker: worker,
        attempts: Attempts(configuration.retry, log: log), log: log)
      // The worker's last job ends with this line.
      defer { log.debug(LogLine("close_worker", .success, ["client_id": "\(agency.id)"])) }
      do throws(AgencyError) {
        switch configuration.mode {
        case .lottery: try await agency.playLottery()
        case .bet: try await agency.place(Bet(environment: Environment.bytes))
        case .echo: try await agency.echo()
        }
      } catch .cancelled {
        // A signal asked for the end: that is no failure.
      }
    }
  }

  private static let help = """
    Sends an agency's bets to the server of a national lottery and asks for its winners.

    usage: agency-client [--config FILE]
      --config FILE  configuration file (YAML), which must exist (config.yaml, if it exists)
      --help         prints this help
      --version      prints the version

    Keys of the file, and variables of the environment, which take precedence (default):
    \(ClientConfiguration.help)

    Mode bet takes its bet from NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO and NUMERO.
    """
}
