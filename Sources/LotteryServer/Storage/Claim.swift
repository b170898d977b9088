/// The right of one connection to speak for an agency, until a newer connection takes it over.
final class Claim: Sendable {
  let agency: UInt32
  /// Tells the connection that it has lost the claim.
  let onLoss: @Sendable () -> Void

  init(agency: UInt32, onLoss: @escaping @Sendable () -> Void) {
    self.agency = agency
    self.onLoss = onLoss
  }
}
