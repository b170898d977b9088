// The draw, and how its winners are kept.
//
// A barrier stands before the draw: agencies arrive when they have finished, and the last one to
// arrive sets off the draw. It scans `bets.csv` once (`WinnerScan`).
//
// There may be millions of winners, so the server keeps none of them. It notes the position of each
// winner's row, by agency (`WinnerIndex`). When an agency asks, its winners are read at those
// positions, one chunk of frames after the other (`WinnerReader`).
//
// The index has a limit too. Of the winners beyond it, the server keeps how many each agency has
// and where the first of them is. When the agency asks, a second scan from there finds them. So the
// memory is bounded for any number of winners, nothing is written to the disk, and the file is
// scanned again only if millions have won.

package import LotteryCore
import LotteryProtocol
import ProcessSupport
import Synchronization

/// The number that wins, as the course has fixed it.
package let winningNumber: UInt32 = 7574

/// Whether `bet` won the draw. This is the course's `has_won`.
package func hasWon(_ bet: Bet) -> Bool {
  bet.number == winningNumber
}

/// The draw: held once, when every agency has finished, over all bets stored.
///
/// Its winners are announced some time later if the operator wants a pause between the two.
final class Draw: Sendable {
  /// Runs work after a duration, without holding a thread until then.
  typealias Timer = @Sendable (Duration, @escaping @Sendable () -> Void) -> Void

  private let agencies: Int
  /// Its outcome is fulfilled when the winners are announced.
  private let barrier: DrawBarrier<Winners>
  private let isDrawn = Atomic(false)
  /// Whether the server ends: a draw that is being held stops.
  private let isEnding = Atomic(false)
  /// Holds the draw. Nil before the last agency has finished.
  private let drawing = Mutex<Task<Void, Never>?>(nil)
  private let bets: StoredBets
  private let indexLimit: Int
  private let log: Log
  private let onFailure: @Sendable (StorageError) -> Void
  private let winnersDelay: Duration
  private let timer: Timer
  /// Reads the bets: that blocks, and must not hold up a connection's worker.
  private let worker: any TaskExecutor

  /// The draw of the agencies from 1 to `agencies`.
  ///
  /// - Parameters:
  ///   - indexLimit: see ``WinnerIndex/sizeLimit``.
  ///   - winnersDelay: the time from the draw to the announcement of its winners.
  ///   - timer: measures that time.
  ///   - worker: reads the bets.
  ///   - onFailure: is called if the bets cannot be read. Then there are no winners.
  init(
    agencies: Int, bets: StoredBets, indexLimit: Int = WinnerIndex.sizeLimit, log: Log,
    winnersDelay: Duration = .zero, timer: @escaping Timer = { Deadline.after($0, $1) },
    worker: any TaskExecutor = Worker(blocking: "draw"),
    onFailure: @escaping @Sendable (StorageError) -> Void
  ) {
    self.agencies = agencies
    barrier = DrawBarrier(parties: agencies)
    self.bets = bets
    self.indexLimit = indexLimit
    self.log = log
    self.winnersDelay = winnersDelay
    self.timer = timer
    self.worker = worker
    self.onFailure = onFailure
  }

  /// Whether the draw has been held. Its winners may not be announced yet.
  var isHeld: Bool { isDrawn.load(ordering: .acquiring) }

  /// Notes that `agency` has finished for good. The last one sets off the draw.
  func agencyFinished(_ agency: UInt32) {
    guard barrier.arrive(agency) else { return }
    let task = Task(executorPreference: worker) { self.hold() }
    drawing.withLock { $0 = task }
  }

  /// Stops the draw if it is being held, and returns when its worker has nothing left to do.
  func end() async {
    isEnding.store(true, ordering: .relaxed)
    await drawing.withLock { $0 }?.value
  }

  /// Waits until the winners are announced, and returns those of `agency`, or nil if the task is
  /// cancelled first.
  func winners(of agency: UInt32) async -> WinnerReader? {
    await barrier.outcome.wait()?.reader(of: agency)
  }

  /// Reads the next frames of `winners`: possibly none, and none if the task is cancelled first.
  ///
  /// - Throws: ``StorageError``, after it was reported like one of the draw itself.
  func nextFrames(of winners: inout WinnerReader) async throws(StorageError) -> [UInt8] {
    do throws(StorageError) {
      guard winners.needsFile else { return try winners.next() }
      return try await withTaskExecutorPreference(worker) {
        @concurrent () async throws(StorageError) in
        // The worker may have been busy with the winners of other agencies.
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
      let winners = try Winners(of: bets, agencies: agencies, indexLimit: indexLimit) {
        !self.isEnding.load(ordering: .relaxed)
      }
      guard !isEnding.load(ordering: .relaxed) else { return }
      let duration = start.duration(to: .now)
      log.debug(
        LogLine(
          "draw", .success, ["winners": "\(winners.count)", "duration": duration.goText]))
      log.info(LogLine("sorteo", .success))
      isDrawn.store(true, ordering: .releasing)
      guard winnersDelay > .zero else { return barrier.outcome.fulfill(winners) }
      timer(winnersDelay) { [barrier] in barrier.outcome.fulfill(winners) }
    } catch {
      log.error(LogLine("sorteo", .fail, ["error": error.description]))
      onFailure(error)
    }
  }
}

/// The barrier before the draw: agencies arrive when they have finished, and none passes until the
/// last one has arrived and the outcome of the draw is there.
///
/// Like a barrier of POSIX threads or Python's `threading.Barrier` with an action, except that a
/// waiter is suspended and holds no thread, and that an agency may disconnect and reconnect: the
/// agency arrives, not its connection.
final class DrawBarrier<Outcome: Sendable>: Sendable {
  /// Fulfilling it opens the barrier: waiters pass with it.
  let outcome = Promise<Outcome>()
  private let parties: Int
  private let arrived = Mutex<Set<UInt32>>([])

  /// A barrier for `parties` agencies. With none it never opens.
  init(parties: Int) {
    self.parties = parties
  }

  /// Notes that `agency` has arrived. Arriving again changes nothing.
  ///
  /// - Returns: whether it is the last one. True once: the caller then owes the ``outcome``.
  func arrive(_ agency: UInt32) -> Bool {
    arrived.withLock { arrived in
      arrived.insert(agency).inserted && arrived.count == parties
    }
  }
}

/// The outcome of the draw: where in `bets.csv` the winning bets are.
struct Winners: Sendable {
  private let bets: StoredBets
  /// Bytes of the file when the draw began. Only these are ever read.
  private let end: Int
  private let index: WinnerIndex

  /// Holds the draw over `bets`, for the agencies from 1 to `agencies`. Blocks while it reads them,
  /// a large file on all cores at once.
  ///
  /// - Parameter isWanted: is asked between two blocks. If it returns false, some winners are
  ///   missing.
  init(
    of bets: StoredBets, agencies: Int, indexLimit: Int = WinnerIndex.sizeLimit,
    cores: Int = RowStretches.cores, leastStretch: Int = RowStretches.leastSize,
    while isWanted: @escaping @Sendable () -> Bool = { true }
  ) throws(StorageError) {
    let size = try bets.size()
    let stretches = try RowStretches(size: size, cores: cores, leastSize: leastStretch) {
      range throws(StorageError) in try bets.read(range)
    }
    let limit = indexLimit / stretches.ranges.count
    // An error makes the file be read again from front to back, which tells it.
    let parts = stretches.map { range -> WinnerIndex? in
      var index = WinnerIndex(sizeLimit: limit)
      let scan = WinnerScan(of: bets, at: range, stopsAtQuotes: range.count < size)
      guard let scan = try? index.add(scan, agencies: agencies, while: isWanted),
        !scan.hasSeenQuotes || range.count == size
      else { return nil }
      return index
    }
    var index = WinnerIndex(sizeLimit: indexLimit)
    if let parts {
      for part in parts { index.append(part) }
    } else {
      let scan = WinnerScan(of: bets, at: 0..<size)
      _ = try index.add(scan, agencies: agencies, while: isWanted)
    }
    self.bets = bets
    self.index = index
    end = size
  }

  /// Winners of all agencies together.
  var count: Int { index.count }

  /// The winners of `agency`, in the order in which their bets were stored.
  func reader(of agency: UInt32) -> WinnerReader {
    WinnerReader(of: agency, index[agency], in: bets, before: end)
  }
}
