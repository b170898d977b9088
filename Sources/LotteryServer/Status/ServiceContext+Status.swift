import LotteryProtocol

extension ServiceContext {
  /// How the lottery stands.
  var status: LotteryStatus {
    LotteryStatus(
      isDrawn: draw.isHeld, agencies: agencies, connections: UInt32(connections.count),
      seen: store.agencyStatuses)
  }
}
