import LotteryProtocol
import LotteryCore
import Synchronization

/// The barrier in front of the draw: agencies arrive when they have finished, and nobody passes
/// until the last of them has arrived and the draw has been held.
///
/// Like a barrier of POSIX threads or Python's `threading.Barrier` with an action, but for two
/// things: who waits is suspended and holds no thread, and an agency may leave and come back,
/// because arriving is a fact about the agency and not about its connection.
final class DrawBarrier<Outcome: Sendable>: Sendable {
  private let parties: Int
  private let arrived = Mutex<Set<UInt32>>([])
  private let outcome = Promise<Outcome>()

  /// A barrier for `parties` agencies. With none it never opens.
  init(parties: Int) {
    self.parties = parties
  }

  /// The outcome, once the barrier is open.
  var openOutcome: Outcome? { outcome.value }

  /// Notes that `agency` has arrived; again and again counts once.
  ///
  /// - Returns: whether it is the last one, which then owes the outcome to ``open(_:)``. True once.
  func arrive(_ agency: UInt32) -> Bool {
    arrived.withLock { arrived in
      arrived.insert(agency).inserted && arrived.count == parties
    }
  }

  /// Lets everybody pass.
  func open(_ outcome: Outcome) {
    self.outcome.fulfill(outcome)
  }

  /// Waits until the barrier opens; nil where the task is cancelled first, as SIGTERM does.
  func wait() async -> Outcome? {
    await outcome.wait()
  }
}
