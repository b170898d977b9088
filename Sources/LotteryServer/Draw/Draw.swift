import Dispatch
import LotteryProtocol
import ProcessSupport

/// The draw: held once, when every agency has finished, over all bets stored.
final class Draw: Sendable {
  private let barrier: DrawBarrier<Winners>
  private let store: BetStore
  private let log: Log
  private let onFailure: @Sendable (StorageError) -> Void
  /// Reading the bets blocks; it must not hold up a connection's worker.
  private let queue = DispatchQueue(label: "draw")

  /// The draw of `agencies` agencies.
  ///
  /// - Parameter onFailure: is called when the bets cannot be read: then there will be no draw.
  init(
    agencies: Int, store: BetStore, log: Log,
    onFailure: @escaping @Sendable (StorageError) -> Void
  ) {
    barrier = DrawBarrier(parties: agencies)
    self.store = store
    self.log = log
    self.onFailure = onFailure
  }

  /// Whether the draw has been held.
  var isHeld: Bool { barrier.openOutcome != nil }

  /// Notes that `agency` has finished for good. The last one sets off the draw.
  func agencyFinished(_ agency: UInt32) {
    if barrier.arrive(agency) { queue.async { self.hold() } }
  }

  /// The documents of the winners of `agency`, once the draw is held; nil where the task is
  /// cancelled first.
  func winners(of agency: UInt32) async -> [String]? {
    await barrier.wait()?.documents(of: agency)
  }

  private func hold() {
    do throws(StorageError) {
      let start = ContinuousClock.now
      let winners = try store.drawWinners()
      let duration = start.duration(to: .now)
      log.debug(
        LogLine(
          "draw", .success, ["winners": "\(winners.count)", "duration": duration.goText]))
      log.info(LogLine("sorteo", .success))
      barrier.open(winners)
    } catch {
      log.error(LogLine("sorteo", .fail, ["error": error.description]))
      onFailure(error)
    }
  }
}
