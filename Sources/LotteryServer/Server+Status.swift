import LotteryProtocol
import ProcessSupport

extension Server {
  /// Logs how the lottery stands: a line for all, then one for each agency that was there.
  func logStatus() {
    let agencies = context.store.agencyStatuses
    let syncs = context.store.syncTimes
    context.log.info(
      LogLine(
        "status", .success,
        [
          "agencies": "\(context.agencies)",
          "finished": "\(agencies.count { $0.hasFinished })",
          "bets": "\(agencies.reduce(0) { $0 + $1.stored })",
          "drawn": context.draw.isHeld ? "yes" : "no",
          "connections": "\(connections.count)",
          "syncs": "\(syncs.count)", "sync_mean": syncs.mean.goText,
          "sync_longest": syncs.longest.goText,
        ]))
    for agency in agencies {
      context.log.info(
        LogLine(
          "status_agency", .success,
          [
            "agency": "\(agency.agency)", "stored": "\(agency.stored)",
            "finished": agency.hasFinished ? "yes" : "no",
            "connected": agency.isConnected ? "yes" : "no",
          ]))
    }
  }
}
