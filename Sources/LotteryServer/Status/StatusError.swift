import LotteryCore
import ProcessSupport

/// Why `--status` cannot show the state of the lottery.
enum StatusError: Error, Equatable {
  /// The configured port is 0.
  case noPort
  /// No program listens on the port, or the connection broke.
  case unreachable(port: UInt16, reason: String)
  /// The server did not answer in time.
  case noAnswer(port: UInt16, after: Duration)
  /// The server sent ERROR.
  case refused(ErrorCode, reason: String)
  /// The listener is not a lottery server.
  case unexpected(port: UInt16, reason: String)
}

extension StatusError: ProgramError {
  /// One line that a person can act on.
  var description: String {
    switch self {
    case .noPort: "SERVER_PORT is 0: the port that the system chose is not known here"
    case .unreachable(let port, let reason): "no server on port \(port): \(reason)"
    case .noAnswer(let port, let after): "port \(port): no answer within \(after.goText)"
    case .refused(let code, let reason): "the server refused (ERROR \(code.rawValue)): \(reason)"
    case .unexpected(let port, let reason): "port \(port): not a lottery server: \(reason)"
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .noPort: .badConfiguration
    case .unreachable, .noAnswer, .refused: .unavailable
    case .unexpected: .protocolError
    }
  }
}
