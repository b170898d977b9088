import LotteryCore
import Synchronization

/// Until when a peer may take to complete the message that it owes.
///
/// Nobody is woken when the time is over: the server looks at all connections from time to time,
/// which costs one comparison for each and no timer.
final class Patience: Sendable {
  /// Nanoseconds of the clock below; 0 while nothing is owed.
  private let deadline = Atomic(0)
  private let limit: Duration
  private static let start = ContinuousClock.now

  /// Patience for `limit`, for any one message.
  init(limit: Duration) {
    self.limit = limit
  }

  /// From now on a message is owed. One that was owed before goes on being owed since then, so that
  /// a peer that sends a byte now and then does not gain time.
  func expectMessage() {
    if deadline.load(ordering: .relaxed) == 0 {
      deadline.store(Self.nanoseconds(.now + limit), ordering: .relaxed)
    }
  }

  /// What is owed comes in pieces, and one of them has come.
  func renew() {
    deadline.store(Self.nanoseconds(.now + limit), ordering: .relaxed)
  }

  /// Nothing is owed any more.
  func messageCame() {
    deadline.store(0, ordering: .relaxed)
  }

  /// Whether it is over.
  func isOver(at now: ContinuousClock.Instant) -> Bool {
    let deadline = deadline.load(ordering: .relaxed)
    return deadline != 0 && deadline <= Self.nanoseconds(now)
  }

  private static func nanoseconds(_ instant: ContinuousClock.Instant) -> Int {
    // Never 0, which has a meaning of its own.
    max(1, start.duration(to: instant).nanoseconds)
  }
}
