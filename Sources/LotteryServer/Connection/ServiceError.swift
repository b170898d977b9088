import LotteryCore
import LotteryProtocol

/// Why a service ended a connection before the peer did.
enum ServiceError: Error {
  /// The connection broke, or its task was cancelled.
  case channel(ChannelError)
  /// The peer broke the contract, or may not go on; it is told so.
  case refused(ErrorCode, String)

  /// A newer connection of the agency took over.
  ///
  /// An error of its own: the connection may find the claim lost before the newer one interrupts
  /// it, and must not end without ERROR 7 then.
  static var superseded: Self { .refused(.superseded, ErrorCode.superseded.explanation) }
}

extension ErrorCode {
  /// Why the server ends a connection that did nothing wrong, for the agency.
  var explanation: String {
    switch self {
    case .superseded: "a newer connection of this agency took over"
    case .tooSlow: "no complete message in time"
    default: "the server is shutting down"
    }
  }
}
