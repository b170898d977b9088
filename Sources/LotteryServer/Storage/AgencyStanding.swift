import LotteryProtocol

/// How far an agency is: what WELCOME tells it.
struct AgencyStanding: Sendable, Equatable {
  var stored: UInt64
  var lastBet: Bet?
  var hasFinished: Bool
}

extension AgencyLedger {
  /// How far the agency is.
  func standing(of agency: UInt32) -> AgencyStanding {
    AgencyStanding(stored: stored, lastBet: lastBet(of: agency), hasFinished: hasFinished)
  }

  private func lastBet(of agency: UInt32) -> Bet? {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    reader.input.append(copying: lastRow.span)
    // The row is this server's own, so it reads; an agency without bets has none.
    guard (try? reader.next(atEnd: true)) == .row else { return nil }
    let bytes = reader.input.storage
    guard let located = try? BetCSV.bet(reader.fields[...], in: bytes.span) else { return nil }
    return Bet(agency: agency, located, in: bytes.span)
  }
}
