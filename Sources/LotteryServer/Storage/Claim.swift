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
