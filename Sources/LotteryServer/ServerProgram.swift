import LotteryProtocol
package import ProcessSupport

/// The program `lottery-server`.
package enum ServerProgram {
  /// Runs the program, and exits.
  package static func main() -> Never {
    let program = Program(name: "lottery-server", help: help, layout: .python)
    program.main(status: status) { file, _, log in
      var settings = try settings(file)
      let configuration = try ServerConfiguration(&settings)
      log.setLevel(configuration.loggingLevel)
      log.debug(configuration.logLine)
      settings.warnOfUnused(log)
      ConnectionLimit.raise()
      let keys = try keys(configuration)
      if keys == nil { log.warning(LogLine("agency_keys", .success, ["note": noKeys])) }
      let server: Server
      do {
        server = try Server(configuration, keys: keys, log: log)
      } catch is CancellationError {
        // A signal ended the recovery. Nothing is open any more.
        return
      }
      try await server.run()
    }
  }

  private static func status(_ file: String?, _ worker: Worker) async throws -> String {
    var settings = try settings(file)
    let configuration = try ServerConfiguration(&settings)
    return try await StatusQuery(port: configuration.port, worker: worker).ask().table
  }

  private static func settings(_ file: String?) throws -> Settings {
    try Settings(INIDocument.self, file: file, default: ServerConfiguration.defaultFile)
  }

  private static func keys(_ configuration: ServerConfiguration) throws -> AgencyKeys? {
    guard let path = configuration.agencyKeys else { return nil }
    let bytes = try ConfigurationFile.read(path, sizeLimit: AgencyKeys.fileSizeLimit)
    return try AgencyKeys(bytes, file: path, agencies: configuration.agencies)
  }

  private static let noKeys =
    "no keys are asked for: any client on this network can speak for any agency"

  private static let help = """
    Takes the bets of a national lottery's agencies and holds the draw.

    usage: lottery-server [--config FILE] [--status]
      --config FILE  the configuration (INI), which must exist (config.ini, which need not)
      --status       prints the status of the server that runs on this machine; ends with 0 if it
                     answers, 69 if none does, 76 if the listener is not a lottery server
      --help         prints this text
      --version      prints the version

    Each key of the file may also be set in the environment, which takes precedence:
      SERVER_PORT            port to listen on (12345)
      SERVER_IP              the server's name, for documentation; the server ignores it
      SERVER_LISTEN_BACKLOG  connections that may wait to be accepted (5); never fewer
                             than SERVER_AGENCIES
      LOGGING_LEVEL          DEBUG, INFO, WARNING, ERROR or CRITICAL (INFO)
      SERVER_AGENCIES        agencies that take part, 0 for the echo service alone (5)
      SERVER_DATA_DIR        directory of bets.csv and finished.csv (the working directory)
      SERVER_AGENCY_KEYS     file with a line AGENCY:KEY for each agency (no keys are asked for)
      SERVER_TIMEOUT         time for a peer to complete a message that it owes (30s)
      SERVER_WINNERS_DELAY   time from the draw to the announcement of its winners (0s)
      SERVER_MAX_CONNECTIONS              connections open at once (16384)
      SERVER_MAX_CONNECTIONS_PER_ADDRESS  of them from one address (4096)

    SIGTERM, SIGINT and SIGHUP shut it down gracefully.
    """
}

/// The server cannot listen.
struct PortError: ProgramError {
  let port: UInt16
  let error: SystemError

  var description: String { "port \(port): \(error)" }
  var exitStatus: ExitStatus { .systemError }
}

extension StorageError: ProgramError {
  package var exitStatus: ExitStatus {
    switch self {
    case .inUse: .inUse
    case .damaged, .changed: .badData
    case .notWritten, .unreliable, .unreadable, .notAFile: .ioError
    }
  }
}
