import LotteryProtocol

/// Why a service ended a connection before the peer did.
enum ServiceError: Error {
  /// The connection broke, or its task was cancelled.
  case channel(ChannelError)
  /// The peer broke the contract, or may not go on; it is told so.
  case refused(ErrorCode, String)
}
