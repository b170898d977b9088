import LotteryProtocol
import LotteryCore

/// What the server knows about one agency.
struct AgencyLedger: Sendable {
  /// Bets that are safe.
  var stored: UInt64 = 0
  /// The row of the last of them, as it stands in `bets.csv`.
  var lastRow: [UInt8] = []
  /// Whether the agency has said FINISHED, and that is safe.
  var hasFinished = false
  /// The connection that speaks for the agency, where there is one.
  var claim: Claim?
  /// Opens when the rows that are on their way to the disk have arrived or failed.
  var writing: Promise<Void>?

  /// Whether nothing is known of the agency, as if it had never been there.
  var isEmpty: Bool { stored == 0 && !hasFinished && claim == nil && writing == nil }
}
