public import LotteryProtocol

/// The number that wins, as the course has fixed it.
public let winningNumber: UInt32 = 7574

/// Whether `bet` won the draw. This is the course's `has_won`.
public func hasWon(_ bet: Bet) -> Bool {
  bet.number == winningNumber
}
