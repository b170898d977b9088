import LotteryCore
import ProcessSupport

/// What every connection of a server shares.
struct ServiceContext: Sendable {
  /// How many agencies take part; with 0 there is the echo service and no draw.
  let agencies: UInt32
  /// Who may say that it is which agency.
  let keys: AgencyKeys?
  let store: BetStore
  let draw: Draw
  let connections: ConnectionRegistry
  let log: Log
  let acceptLog: AcceptLog
  let rejectionBudget = RejectionBudget()
}

extension ServiceContext {
  /// How the lottery stands.
  var status: LotteryStatus {
    LotteryStatus(
      isDrawn: draw.isHeld, agencies: agencies, connections: UInt32(connections.count),
      seen: store.agencyStatuses)
  }
}
