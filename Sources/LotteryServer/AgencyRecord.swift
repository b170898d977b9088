import LotteryProtocol

/// What the server knows about one agency.
struct AgencyRecord: Sendable {
  /// Bets that are safe.
  var stored: UInt64 = 0
  /// The row of the last of them, as it stands in `bets.csv`. Empty if ``stored`` is 0.
  var lastRow: [UInt8] = []
  /// Whether the agency's FINISHED is safe.
  var hasFinished = false
  /// The claim of the connection that speaks for the agency, if there is one.
  var claim: Claim?
  /// Whether rows are on their way to the disk.
  var isWriting = false
  /// Fulfilled when they are safe or have failed. Nil while no connection waits for that.
  var written: Promise<Void>?

  /// The last bet that is safe, or nil if the agency has none.
  var lastBet: Bet? { BetCSV.storedBet(row: lastRow.span)?.bet }

  /// Whether nothing is known of the agency, as if it had never connected.
  var isEmpty: Bool { stored == 0 && !hasFinished && claim == nil && !isWriting }
}

/// The right of one connection to speak for an agency, until a newer connection takes it over.
final class Claim: Sendable {
  let agency: UInt32
  /// The place of the connection in the order in which the server accepted them. HELLOs of two
  /// connections may be handled in another order.
  let order: UInt64
  /// Tells the connection that it has lost the claim.
  let onLoss: @Sendable () -> Void

  init(agency: UInt32, order: UInt64, onLoss: @escaping @Sendable () -> Void) {
    self.agency = agency
    self.order = order
    self.onLoss = onLoss
  }
}

extension Claim: Equatable {
  static func == (left: Claim, right: Claim) -> Bool { left === right }
}
