/// The exit statuses of both programs. 64 to 78 are those of sysexits(3), the others are our own.
package enum ExitStatus: Int32, Sendable {
  /// The program did its work, or a signal asked it to end.
  case success = 0
  /// Wrong flags.
  case usage = 64
  /// Invalid content of a file.
  case badData = 65
  /// A required file does not exist or cannot be read.
  case noInput = 66
  /// The server cannot be reached, or does nothing for the agency.
  case unavailable = 69
  /// The system refused something, such as the port.
  case systemError = 71
  /// The disk failed.
  case ioError = 74
  /// Another server uses the data directory.
  case inUse = 75
  /// The peer breaks the protocol.
  case protocolError = 76
  /// The server did not accept the agency's key.
  case noPermission = 77
  /// Invalid configuration.
  case badConfiguration = 78
  /// A newer process acts for this agency.
  case superseded = 80
  /// The server's lottery has no such agency.
  case unknownAgency = 81
  /// The server holds other bets of this agency than its file.
  case otherFile = 82
  /// The agency's bet was sent, and it is unknown whether it is stored.
  case inDoubt = 83
  /// A signal asked for the end, which then stood still or took too long: see ``OrderlyEnd``.
  case cutShort = 84
}

/// An error that ends a program. Its description is one line that a person can act on.
package protocol ProgramError: Error, CustomStringConvertible {
  var exitStatus: ExitStatus { get }
}
