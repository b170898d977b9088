import LotteryProtocol
package import ProcessSupport

package enum ServerProgram {
  package static func main() -> Never {
    Program(name: "lottery-server", help: help, layout: .python).main(status: status) {
      file, _, log in
      let settings = try Settings<ServerConfiguration>(fileNamed: file)
      let configuration = settings.configuration
      log.setLevel(configuration.loggingLevel)
      log.debug(configuration.logLine)
      settings.report(to: log)
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

  private static func status(_ file: Path?, _ worker: Worker) async throws -> String {
    let configuration = try Settings<ServerConfiguration>(fileNamed: file).configuration
    return try await StatusQuery(port: configuration.port, worker: worker).ask().table
  }

  private static func keys(_ configuration: ServerConfiguration) throws -> AgencyKeys? {
    guard let path = configuration.agencyKeys else { return nil }
    let bytes = try ConfigFile.read(path, sizeLimit: AgencyKeys.fileSizeLimit)
    return try AgencyKeys(bytes, file: path.description, agencies: configuration.agencies)
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

    Each key of the file may also be set in the environment, which takes precedence (default):
    \(ServerConfiguration.help)

    SIGTERM, SIGINT and SIGHUP shut it down gracefully.
    """
}

/// Why the port cannot be opened, or `--status` cannot show the state of the lottery.
struct ServerError: ProgramError {
  let exitStatus: ExitStatus
  let description: String

  init(_ exitStatus: ExitStatus, _ description: String) {
    self.exitStatus = exitStatus
    self.description = description
  }
}

extension StorageError: ProgramError {
  package var exitStatus: ExitStatus {
    switch self {
    case .inUse: .inUse
    case .damaged, .changed: .badData
    case .notWritten, .unreliable, .unreadable, .notSynced, .notAFile: .ioError
    }
  }
}
