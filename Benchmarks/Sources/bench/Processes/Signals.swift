import Glibc
import LotteryProtocol

/// Waiting for children to end and for the operator to lose patience, in one place: the signals
/// stay blocked, so that none is missed between looking and waiting.
enum Signals {
  /// Blocks what ``wait(atMost:)`` waits for. To be called before anything else is done.
  static func block() {
    var signals = awaited
    sigprocmask(SIG_BLOCK, &signals, nil)
  }

  /// Returns when a child has ended, after `limit`, or for no reason at all.
  ///
  /// - Throws: ``BenchError/interrupted`` on SIGINT and SIGTERM.
  static func wait(atMost limit: Duration) throws(BenchError) {
    var signals = awaited
    let (seconds, attoseconds) = limit.components
    var time = timespec(tv_sec: Int(seconds), tv_nsec: Int(attoseconds / 1_000_000_000))
    let signal = sigtimedwait(&signals, nil, &time)
    if signal == SIGINT || signal == SIGTERM { throw .interrupted }
  }

  private static var awaited: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in [SIGCHLD, SIGINT, SIGTERM] { sigaddset(&signals, signal) }
    return signals
  }
}
