import LotteryCore
import LotteryProtocol
import ProcessSupport

/// The program `agency-client`.
package enum ClientProgram {
  /// Runs the program and returns its exit status. `arguments` do not include the program's name.
  package static func main(_ arguments: some Sequence<String>) async -> Int32 {
    let program = Program(name: "agency-client", help: help, layout: .go)
    return await program.run(arguments) { file, worker, log in
      var settings = try Settings(
        YAMLDocument.self, file: file, default: ClientConfiguration.defaultFile)
      let configuration = try ClientConfiguration(&settings)
      log.info(configuration.logLine)
      log.setLevel(configuration.logLevel)
      settings.warnOfUnused(log)
      let agency = Agency(configuration, key: try configuration.key(), worker: worker, log: log)
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
      let bet = try Bet(agency: agency.id, environment: Environment.bytes)
      try await BetMode(agency: agency, bet: bet).run()
    case .echo: try await EchoMode(agency: agency).run()
    }
  }

  private static let help = """
    Sends an agency's bets to the server of a national lottery and asks for its winners.

    usage: agency-client [--config FILE]
      --config FILE  the configuration (YAML), which must exist (config.yaml, which need not)
      --help         prints this
      --version      prints the version

    Each key of the file may also be set in the environment, which comes first:
      CLI_ID               the agency's number, from 1 (must be set)
      CLI_SERVER_ADDRESS   HOST:PORT of the server (must be set)
      CLI_MODE             lottery: all bets; bet: one; echo: a few lines (lottery)
      CLI_LOOP_AMOUNT      lines that mode echo sends (5)
      CLI_LOOP_PERIOD      mode echo's pause after each line (5s)
      CLI_LOG_LEVEL        DEBUG, INFO, WARNING, ERROR or CRITICAL (INFO)
      CLI_DATA_FILE        the bets, {id} being the agency's number (.data/agency-{id}.csv)
      CLI_KEY_FILE         file with the agency's key (no key)
      CLI_BATCH_MAXAMOUNT  bets in a batch, fewer where 8000 bytes are full (150)
      CLI_BATCH_WINDOW     batches that may wait for their answers (32)
      CLI_RETRY_LIMIT      gives up after so long without progress, waiting for the server or
                           for a retry; 0: one attempt, 5s (1m0s)
      CLI_RETRY_PAUSE      first pause before trying again (100ms)
      CLI_RETRY_MAXPAUSE   longest pause (5s)
    Mode bet takes its bet from NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO and NUMERO.
    """
}
