import LotteryProtocol

/// Why a server cannot start.
enum ServerError: Error {
  /// Its files are not to be used.
  case storage(StorageError)
  /// It cannot listen.
  case port(UInt16, SystemError)
}

extension ServerError: CustomStringConvertible {
  /// One line that a person can act on.
  var description: String {
    switch self {
    case .storage(let error): error.description
    case .port(let port, let error): "port \(port): \(error)"
    }
  }
}
