import LotteryCore
import LotteryProtocol
import ProcessSupport

/// Why a server cannot start, or cannot go on.
enum ServerError: Error {
  /// Its files are not to be used.
  case storage(StorageError)
  /// It cannot listen.
  case port(UInt16, SystemError)
}

extension ServerError: ProgramError {
  /// One line that a person can act on.
  var description: String {
    switch self {
    case .storage(let error): error.description
    case .port(let port, let error): "port \(port): \(error)"
    }
  }

  var exitStatus: ExitStatus {
    switch self {
    case .storage(.inUse): .inUse
    case .storage(.damaged), .storage(.changed): .badData
    case .storage: .ioError
    case .port: .systemError
    }
  }
}
