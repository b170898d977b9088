// How a program is called, and what it returns: flags and exit statuses.

package import LotteryProtocol

/// What a program's flags ask for.
package enum Invocation: Equatable, Sendable {
  /// Run, with the configuration file that `--config` named.
  case run(configurationFile: Path?)
  /// Ask the running program with this configuration file for its status.
  case status(configurationFile: Path?)
  case help
  case version

  /// Parses `arguments`, which do not include the program's name.
  /// - Parameter hasStatus: whether the program has `--status`.
  /// - Throws: ``UsageError``
  package init(_ arguments: [Path], hasStatus: Bool = false) throws(UsageError) {
    var configurationFile: Path?
    var (isStatus, isHelp, isVersion) = (false, false, false)
    var rest = arguments.makeIterator()
    while let argument = rest.next() {
      // `--flag=value` means the same as `--flag value`.
      let parts = argument.bytes.split(
        separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
      let isLong = argument.bytes.starts(with: "--".utf8)
      let flag = isLong ? Path(bytes: Array(parts[0])) : argument
      let value = isLong && parts.count == 2 ? Path(bytes: Array(parts[1])) : nil
      switch flag {
      case "--config":
        guard let file = value ?? rest.next(), !file.bytes.isEmpty else {
          throw UsageError("--config: needs a file")
        }
        guard configurationFile == nil else { throw UsageError("--config: given twice") }
        configurationFile = file
      case "--status" where value == nil && hasStatus: isStatus = true
      case "--help" where value == nil, "-h": isHelp = true
      case "--version" where value == nil: isVersion = true
      default: throw UsageError("\"\(argument)\": unknown argument")
      }
    }
    self =
      switch true {
      case isHelp: .help
      case isVersion: .version
      case isStatus: .status(configurationFile: configurationFile)
      default: .run(configurationFile: configurationFile)
      }
  }
}

package struct UsageError: ProgramError, Equatable {
  package let description: String

  init(_ description: String) { self.description = description }

  package var exitStatus: ExitStatus { .usage }
}

/// The exit statuses of both programs. 64 to 78 are those of sysexits(3), the others are our own.
package enum ExitStatus: Int32, Sendable {
  case success = 0  // The program did its work, or a signal asked it to end.
  case usage = 64  // Wrong flags.
  case badData = 65  // Invalid content of a file.
  case noInput = 66  // A required file does not exist or cannot be read.
  case unavailable = 69  // The server cannot be reached, or does nothing for the agency.
  case systemError = 71  // The system refused something, such as the port.
  case ioError = 74  // The disk failed.
  case inUse = 75  // Another server uses the data directory.
  case protocolError = 76  // The peer breaks the protocol.
  case noPermission = 77  // The server did not accept the agency's key.
  case badConfiguration = 78  // Invalid configuration.
  case superseded = 80  // A newer process acts for this agency.
  case unknownAgency = 81  // The server's lottery has no such agency.
  case otherFile = 82  // The server holds other bets of this agency than its file.
  case inDoubt = 83  // The agency's bet was sent, and it is unknown whether it is stored.
  /// A signal asked for the end, which then stood still or took too long: see ``OrderlyEnd``.
  case cutShort = 84
}

/// An error that ends a program. Its description is one line that a person can act on.
package protocol ProgramError: Error, CustomStringConvertible {
  var exitStatus: ExitStatus { get }
}
