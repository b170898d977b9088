import LotteryCore
import LotteryProtocol
import ProcessSupport

/// The draw: held once, when every agency has finished, over all bets stored.
///
/// Its winners are announced some time later, if the operator wants a pause between the two.
final class Draw: Sendable {
  /// Runs work after a duration, without holding a thread until then.
  typealias Timer = @Sendable (Duration, @escaping @Sendable () -> Void) -> Void

  private let agencies: Int
  private let barrier: DrawBarrier<Winners>
  private let bets: StoredBets
  private let indexLimit: Int
  private let log: Log
  private let onFailure: @Sendable (StorageError) -> Void
  private let winnersDelay: Duration
  private let timer: Timer
  /// Opens when agencies may be told their winners.
  private let announcement = Promise<Void>()
  /// Reading the bets blocks; it must not hold up a connection's worker.
  private let worker = Worker(blocking: "draw")

  /// The draw of the agencies from 1 to `agencies`.
  ///
  /// - Parameters:
  ///   - indexLimit: see ``WinnerIndex/sizeLimit``.
  ///   - winnersDelay: the time from the draw to the announcement of its winners.
  ///   - timer: measures that time.
  ///   - onFailure: is called when the bets cannot be read: then there are no winners to tell.
  init(
    agencies: Int, bets: StoredBets, indexLimit: Int = WinnerIndex.sizeLimit, log: Log,
    winnersDelay: Duration = .zero, timer: @escaping Timer = { Deadline.after($0, $1) },
    onFailure: @escaping @Sendable (StorageError) -> Void
  ) {
    self.agencies = agencies
    barrier = DrawBarrier(parties: agencies)
    self.bets = bets
    self.indexLimit = indexLimit
    self.log = log
    self.winnersDelay = winnersDelay
    self.timer = timer
    self.onFailure = onFailure
  }

  /// Whether the draw has been held. Its winners may not be announced yet.
  var isHeld: Bool { barrier.openOutcome != nil }

  /// Notes that `agency` has finished for good. The last one sets off the draw.
  func agencyFinished(_ agency: UInt32) {
    if barrier.arrive(agency) { Task(executorPreference: worker) { self.hold() } }
  }

  /// The winners of `agency`, once they are announced; nil if the task is cancelled first.
  func winners(of agency: UInt32) async -> WinnerReader? {
    guard let winners = await barrier.wait(), await announcement.wait() != nil else { return nil }
    return winners.reader(of: agency)
  }

  /// Reads the next frames of `winners`, possibly none, and none where the task is cancelled first.
  ///
  /// - Throws: ``StorageError``, which has been reported like that of the draw itself.
  func nextFrames(of winners: inout WinnerReader) async throws(StorageError) -> [UInt8] {
    do throws(StorageError) {
      guard winners.needsFile else { return try winners.next() }
      return try await withTaskExecutorPreference(worker) { () async throws(StorageError) in
        // There may have been others to wait for.
        Task.isCancelled ? [] : try winners.next()
      }
    } catch {
      log.error(LogLine("send_winners", .fail, ["error": error.description]))
      onFailure(error)
      throw error
    }
  }

  private func hold() {
    do throws(StorageError) {
      let start = ContinuousClock.now
      let winners = try Winners(of: bets, agencies: agencies, indexLimit: indexLimit)
      let duration = start.duration(to: .now)
      log.debug(
        LogLine(
          "draw", .success, ["winners": "\(winners.count)", "duration": duration.goText]))
      log.info(LogLine("sorteo", .success))
      barrier.open(winners)
      announce()
    } catch {
      log.error(LogLine("sorteo", .fail, ["error": error.description]))
      onFailure(error)
    }
  }

  private func announce() {
    guard winnersDelay > .zero else { return announcement.fulfill(()) }
    timer(winnersDelay) { [announcement] in announcement.fulfill(()) }
  }
}
