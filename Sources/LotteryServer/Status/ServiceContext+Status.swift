import LotteryProtocol
import ProcessSupport

extension Server {
  /// Logs how the lottery stands: a line for all, then one for each agency that was there.
  func logStatus() {
    let status = context.status
    let syncs = context.store.syncTimes
    context.log.info(
      LogLine(
        "status", .success,
        [
          "agencies": "\(status.agencies)", "finished": "\(status.finished)",
          "bets": "\(status.bets)", "drawn": status.isDrawn.answer,
          "connections": "\(status.connections)", "syncs": "\(syncs.count)",
          "sync_mean": syncs.mean.goText, "sync_longest": syncs.longest.goText,
        ]))
    for agency in status.seen {
      context.log.info(
        LogLine(
          "status_agency", .success,
          [
            "agency": "\(agency.number)", "stored": "\(agency.stored)",
            "finished": agency.hasFinished.answer,
            "connected": agency.isConnected.answer,
          ]))
    }
  }
}

extension ServiceContext {
  /// How the lottery stands.
  var status: LotteryStatus {
    LotteryStatus(
      isDrawn: draw.isHeld, agencies: agencies, connections: UInt32(connections.count),
      seen: store.agencyStatuses)
  }
}
