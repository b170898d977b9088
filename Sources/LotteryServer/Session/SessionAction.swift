import LotteryCore

/// What a message of an agency asks the server to do.
enum SessionAction: Equatable {
  /// The batch joined the group; more may join before it is stored.
  case gathered
  /// Make this connection the one that speaks for `agency`, then answer HELLO.
  case claim(agency: UInt32, key: String)
  /// Answer, and go on.
  case reply(ServerMessage)
  /// Refuse a batch of that many bets with REJECTED, and go on. That of a BET has a label.
  case reject(ServerMessage, bets: Int, single: BetBatch.Label?)
  /// Note that the agency has finished, then confirm.
  case finish(total: UInt64)
  /// Wait for the draw, then send the winners.
  case awaitDraw
  /// Tell how the lottery stands, and go on.
  case tellStatus
  /// Tell how long the disk was waited for, and go on.
  case tellSyncs
  /// Send ERROR, and close.
  case fail(ErrorCode, String)
}
