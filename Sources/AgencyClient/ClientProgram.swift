import LotteryProtocol
import ProcessSupport

/// The program `agency-client`.
package enum ClientProgram {
  /// Runs the program, and exits.
  package static func main() -> Never {
    let program = Program(name: "agency-client", help: help, layout: .go)
    program.main { file, worker, log in
      var settings = try Settings(
        YAMLDocument.self, file: file, default: ClientConfiguration.defaultFile)
      let configuration = try ClientConfiguration(&settings)
      log.info(configuration.logLine)
      log.setLevel(configuration.logLevel)
      settings.warnOfUnused(log)
      let agency = Agency(configuration, key: try configuration.key(), worker: worker, log: log)
      // The worker's last job ends with this line.
      defer { log.debug(LogLine("close_worker", .success, ["client_id": "\(agency.id)"])) }
      do throws(AgencyError) {
        try await run(agency)
      } catch .cancelled {
        // A signal asked for the end: that is no failure.
      }
    }
  }

  private static func run(_ agency: Agency) async throws(AgencyError) {
    switch agency.configuration.mode {
    case .lottery: try await LotteryMode(agency: agency).run()
    case .bet:
      let bet = try Bet(environment: Environment.bytes)
      try await BetMode(agency: agency, bet: bet).run()
    case .echo: try await EchoMode(agency: agency).run()
    }
  }

  private static let help = """
    Sends an agency's bets to the server of a national lottery and asks for its winners.

    usage: agency-client [--config FILE]
      --config FILE  configuration file (YAML), which must exist (config.yaml, if it exists)
      --help         prints this help
      --version      prints the version

    The environment takes precedence over the file (default):
      CLI_ID               the agency's number, from 1 (required)
      CLI_SERVER_ADDRESS   HOST:PORT of the server (required)
      CLI_MODE             lottery: all bets; bet: one; echo: a few lines (lottery)
      CLI_LOOP_AMOUNT      lines that mode echo sends (5)
      CLI_LOOP_PERIOD      pause of mode echo after each line (5s)
      CLI_LOG_LEVEL        DEBUG, INFO, WARNING, ERROR or CRITICAL (INFO)
      CLI_DATA_FILE        file with the bets; {id} is the agency's number (.data/agency-{id}.csv)
      CLI_KEY_FILE         file with the agency's key (no key)
      CLI_BATCH_MAXAMOUNT  bets in a batch, fewer if 8000 bytes hold fewer (150)
      CLI_BATCH_WINDOW     batches in flight (32)
      CLI_RETRY_LIMIT      time without progress after which the agency gives up; 0 means one
                           attempt, which gets 5s (1m0s)
      CLI_RETRY_PAUSE      initial retry delay; it doubles (100ms)
      CLI_RETRY_MAXPAUSE   maximum retry delay (5s)
    Mode bet takes its bet from NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO and NUMERO.
    """
}
