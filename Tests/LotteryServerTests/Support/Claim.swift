import Synchronization

@testable import LotteryServer

extension Claim {
  private static let made = Atomic<UInt64>(0)

  /// The claim of a connection that was accepted after those of all claims made before.
  convenience init(agency: UInt32, onLoss: @escaping @Sendable () -> Void) {
    let order = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
    self.init(agency: agency, order: order, onLoss: onLoss)
  }
}
