/// What a program tells whoever started it. 64 to 78 are those of sysexits(3), the others ours.
package enum ExitStatus: Int32, Sendable {
  /// All went well, or somebody asked for the end.
  case success = 0
  /// Wrong flags.
  case usage = 64
  /// A file holds what it must not.
  case badData = 65
  /// A file that must be there does not exist or cannot be read.
  case noInput = 66
  /// The server cannot be reached, or not for long enough.
  case unavailable = 69
  /// The system refused: no port, no memory.
  case systemError = 71
  /// The disk failed.
  case ioError = 74
  /// Somebody else is doing the same work.
  case inUse = 75
  /// The other side does not keep to the protocol.
  case protocolError = 76
  /// The other side does not let us.
  case noPermission = 77
  /// The configuration is wrong.
  case badConfiguration = 78
  /// A newer process speaks for this agency.
  case superseded = 80
  /// The server's lottery has no such agency.
  case unknownAgency = 81
  /// The server holds other bets of this agency than its file.
  case otherFile = 82
  /// The agency's bet was sent, and nothing tells whether it is stored.
  case inDoubt = 83
}

/// Why a program ends other than well. Its description is one line that a person can act on.
package protocol ProgramError: Error, CustomStringConvertible {
  /// What the program tells whoever started it.
  var exitStatus: ExitStatus { get }
}
