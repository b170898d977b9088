// The draw: held once, when every agency has finished, over all bets stored.
//
// A barrier stands before it: agencies arrive when they have finished, and the last one to arrive
// sets off the draw, whose outcome (`Winners`) opens the barrier.

package import LotteryProtocol
import ProcessSupport
import Synchronization

/// The number that wins, as the course has fixed it.
package let winningNumber: UInt32 = 7574

/// The course's `has_won`: whether `bet` won the draw.
package func hasWon(_ bet: Bet) -> Bool {
  bet.number == winningNumber
}

/// A barrier like that of POSIX threads or Python's `threading.Barrier` with an action, except that
/// a waiter is suspended and holds no thread, and that the agency arrives, not its connection: it
/// may disconnect and come back.
final class DrawBarrier: Sendable {
  /// Fulfilling it opens the barrier: waiters pass with it.
  let outcome = Promise<Winners>()
  private let parties: Int
  private let arrived = Mutex<Set<UInt32>>([])

  /// - Parameter parties: how many agencies must arrive. With none it never opens.
  init(parties: Int) {
    self.parties = parties
  }

  /// Notes that `agency` has arrived. Arriving again changes nothing.
  ///
  /// - Returns: whether it is the last one. True once: the caller then owes the ``outcome``.
  func arrive(_ agency: UInt32) -> Bool {
    arrived.withLock { $0.insert(agency).inserted && $0.count == parties }
  }
}

/// The draw. Its winners are announced some time later if the operator wants a pause between the
/// two.
final class Draw: Sendable {
  private let agencies: Int
  private let barrier: DrawBarrier
  private let state = Mutex(State())
  private let bets: Journal
  private let sizeLimit: Int
  private let log: Log
  private let onFailure: @Sendable (StorageError) -> Void
  private let winnersDelay: Duration
  /// Reads the bets: that blocks, and must not hold up a connection's worker.
  private let worker: any TaskExecutor

  private struct State {
    /// Holds the draw. Nil before the last agency has finished.
    var drawing: Task<Void, Never>?
    /// Whether the server ends: no draw begins.
    var isEnding = false
    var isHeld = false
  }

  /// The draw of the agencies from 1 to `agencies`. With none it is never held.
  ///
  /// - Parameters:
  ///   - sizeLimit: see ``Winners/sizeLimit``.
  ///   - winnersDelay: the time from the draw to the announcement of its winners.
  ///   - onFailure: is called if the bets cannot be read. Then there are no winners.
  init(
    agencies: Int, bets: Journal, sizeLimit: Int = Winners.sizeLimit, log: Log,
    winnersDelay: Duration = .zero, worker: any TaskExecutor = Worker(blocking: "draw"),
    onFailure: @escaping @Sendable (StorageError) -> Void
  ) {
    self.agencies = agencies
    barrier = DrawBarrier(parties: agencies)
    self.bets = bets
    self.sizeLimit = sizeLimit
    self.log = log
    self.winnersDelay = winnersDelay
    self.worker = worker
    self.onFailure = onFailure
  }

  /// Whether the draw has been held. Its winners may not be announced yet.
  var isHeld: Bool { state.withLock { $0.isHeld } }

  /// Notes that `agency` has finished for good. The last one sets off the draw.
  func agencyFinished(_ agency: UInt32) {
    guard barrier.arrive(agency) else { return }
    state.withLock { state in
      guard !state.isEnding else { return }
      state.drawing = Task(executorPreference: worker) { self.hold() }
    }
  }

  /// Stops the draw if it is being held, and returns when its worker has nothing left to do.
  func end() async {
    let drawing = state.withLock { state in
      state.isEnding = true
      return state.drawing
    }
    drawing?.cancel()
    await drawing?.value
  }

  /// Waits until the winners are announced, and returns those of `agency`, or nil if the task is
  /// cancelled first.
  func winners(of agency: UInt32) async -> WinnerReader? {
    await barrier.outcome.wait()?.reader(of: agency)
  }

  /// Reads the next frames of `winners`: possibly none, and none if the task is cancelled first. An
  /// error is reported like one of the draw itself.
  func nextFrames(of winners: inout WinnerReader) async throws(StorageError) -> [UInt8] {
    do throws(StorageError) {
      guard winners.needsFile else { return try winners.next() }
      return try await withTaskExecutorPreference(worker) {
        @concurrent () async throws(StorageError) in
        try winners.next()
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
      let winners = try Winners.find(in: bets, agencies: agencies, sizeLimit: sizeLimit)
      if Task.isCancelled { return }
      let duration = start.duration(to: .now)
      log.debug(
        LogLine(
          "draw", .success, ["winners": "\(winners.count)", "duration": duration.goText]))
      log.info(LogLine("sorteo", .success))
      state.withLock { $0.isHeld = true }
      guard winnersDelay > .zero else { return barrier.outcome.fulfill(winners) }
      Timers.after(winnersDelay) { [barrier] in barrier.outcome.fulfill(winners) }
    } catch {
      log.error(LogLine("sorteo", .fail, ["error": error.description]))
      onFailure(error)
    }
  }
}
