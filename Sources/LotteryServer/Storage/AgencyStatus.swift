/// What the operator wants to know about an agency.
struct AgencyStatus: Sendable, Equatable {
  let agency: UInt32
  /// Bets that are safe.
  let stored: UInt64
  let hasFinished: Bool
  let isConnected: Bool
}
