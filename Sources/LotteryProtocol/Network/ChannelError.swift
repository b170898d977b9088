/// Why a channel cannot go on.
public enum ChannelError: Error, Hashable, Sendable {
  /// The task that uses it was cancelled.
  case cancelled
  /// The connection broke.
  case broken(SystemError)
}

extension ChannelError: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .cancelled: "cancelled"
    case .broken(let error): error.description
    }
  }
}
