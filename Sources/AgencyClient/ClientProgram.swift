import LotteryProtocol
import ProcessSupport

package enum ClientProgram {
  package static func main() -> Never {
    let program = Program(name: "agency-client", help: help, layout: .go)
    program.main { file, worker, log in
      let settings = try Settings<ClientConfiguration>(fileNamed: file)
      let configuration = settings.configuration
      log.info(configuration.logLine)
      log.setLevel(configuration.logLevel)
      settings.report(to: log)
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

    Keys of the file, and variables of the environment, which take precedence (default):
    \(ClientConfiguration.help)

    Mode bet takes its bet from NOMBRE, APELLIDO, DOCUMENTO, NACIMIENTO and NUMERO.
    """
}
