import LotteryCore

/// How far an agency is: what WELCOME tells it.
struct AgencyStanding: Sendable, Equatable {
  var stored: UInt64
  var lastBet: Bet?
  var hasFinished: Bool
}

extension AgencyLedger {
  /// How far the agency is.
  func standing(of agency: UInt32) -> AgencyStanding {
    // The row is this server's own, so it reads; an agency without bets has none.
    AgencyStanding(
      stored: stored, lastBet: BetCSV.storedBet(row: lastRow.span)?.bet, hasFinished: hasFinished)
  }
}
