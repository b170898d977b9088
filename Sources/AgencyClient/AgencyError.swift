import LotteryProtocol
import ProcessSupport

/// Why an agency ends without having done its work.
enum AgencyError: Error, Equatable {
  /// A signal asked for the end.
  case cancelled
  case unreachable(String)
  /// The server closed the connection, or the connection broke.
  case disconnected(String)
  case refused(ErrorCode, reason: String)
  case rejected(RejectionCode, offset: UInt64, index: UInt16, reason: String)
  /// The server broke the protocol.
  case unexpected(String)
  case unreadable(path: Path, SystemError)
  /// The agency's file is a directory, a pipe or a device.
  case notAFile(path: String)
  /// Something else wrote the agency's file while it was read.
  case changed(path: String)
  /// A row of the agency's file is not a valid bet.
  case badRow(path: String, line: Int, reason: String)
  /// A variable with a part of the bet is not set.
  case unset(variable: String)
  case badBet(BetRuleViolation)
  /// The server holds other bets of this agency than its file.
  case otherFile(path: String, reason: String)
  /// The server did not do in time what the agency waited for.
  case noAnswer(waitedFor: String)
  /// The bet was sent, and it is unknown whether it is stored.
  indirect case inDoubt(AgencyError)
  /// The server holds more bets after the one in doubt, and WELCOME shows only the last.
  case overtaken(offset: UInt64, stored: UInt64)
  /// Retries brought no progress within the limit.
  indirect case gaveUp(after: String, AgencyError)

  /// Whether the cause may go away by itself, so that a retry can help.
  var isTransient: Bool {
    switch self {
    case .unreachable, .disconnected: true
    case .refused(let code, _): code.meaning.isTransient
    case .rejected(let code, _, _, _): code.meaning.isTransient
    case .cancelled, .unexpected, .unreadable, .notAFile, .changed, .badRow, .unset, .badBet,
      .otherFile, .noAnswer, .inDoubt, .overtaken, .gaveUp:
      false
    }
  }
}

// What codes mean to an agency: whether a retry can help, what to do about it, and how the program
// ends. No default: a new code must be decided on.

extension ErrorCode {
  fileprivate var meaning: (isTransient: Bool, hint: String, exitStatus: ExitStatus) {
    switch self {
    case .shuttingDown, .tooSlow: (true, "", .unavailable)
    case .malformed, .version, .notNow: (false, "", .protocolError)
    case .unknownAgency: (false, "", .unknownAgency)
    case .wrongKey: (false, "", .noPermission)
    case .totalsDiffer: (false, AgencyError.deletionHint, .otherFile)
    case .superseded: (false, "", .superseded)
    }
  }
}

extension RejectionCode {
  fileprivate var meaning: (isTransient: Bool, hint: String) {
    switch self {
    case .notStored, .outOfSequence: (true, "")
    case .ruleBroken: (false, "")
    case .agencyFinished: (false, AgencyError.deletionHint)
    }
  }
}

extension AgencyError: ProgramError {
  var description: String {
    switch self {
    case .cancelled: "cancelled"
    case .unreachable(let reason): "the server cannot be reached: \(reason)"
    case .disconnected(let reason): "the connection ended: \(reason)"
    case .refused(let code, let reason):
      "the server refused (ERROR \(code.rawValue)): \(reason)\(code.meaning.hint)"
    case .rejected(let code, let offset, let index, let reason):
      // The server may send any numbers: a sum that wraps around is better than a crash.
      "the server rejected bet \(offset &+ UInt64(index)) (REJECTED \(code.rawValue)): \(reason)"
        + code.meaning.hint
    case .unexpected(let what): "the server broke the protocol: \(what)"
    case .unreadable(let path, let error): "\(path): \(error.problem(reading: path))"
    case .notAFile(let path): "\(path): not a regular file"
    case .changed(let path): "\(path): written while it was read; run the agency again afterwards"
    case .badRow(let path, let line, let reason): "\(path):\(line): \(reason)"
    case .unset(let variable): "\(variable): must be set for mode bet"
    case .badBet(let violation): violation.description
    case .otherFile(let path, let reason):
      "\(path): not the file that this agency began with: \(reason)\(Self.deletionHint)"
    case .noAnswer(let event): "waited for \(event)"
    case .inDoubt(let error): "unknown whether the bet is stored: \(error)"
    case .overtaken(let offset, let stored):
      "it was sent as bet \(offset), and the server's last bet is \(stored - 1)"
    case .gaveUp(let after, let error): "gave up after \(after) without progress: \(error)"
    }
  }

  /// What to do about bets that the server has from an earlier lottery.
  fileprivate static let deletionHint =
    "; for a new lottery, delete the server's bets: make docker-compose-down"

  var exitStatus: ExitStatus {
    switch self {
    case .cancelled: .success
    case .unreachable, .disconnected, .noAnswer, .gaveUp: .unavailable
    case .inDoubt, .overtaken: .inDoubt
    case .refused(let code, _): code.meaning.exitStatus
    case .rejected, .badRow, .unset, .badBet: .badData
    case .unexpected: .protocolError
    case .unreadable, .notAFile, .changed: .noInput
    case .otherFile: .otherFile
    }
  }
}
