package import LotteryCore

/// The number that wins, as the course has fixed it.
package let winningNumber: UInt32 = 7574

/// Whether `bet` won the draw. This is the course's `has_won`.
package func hasWon(_ bet: Bet) -> Bool {
  bet.number == winningNumber
}
