import ProcessSupport
import Synchronization

/// The two lines of each connection that is accepted, as the course's server has them: `in_progress`
/// while the next one is waited for, `success` when it has come.
///
/// The second half is up to the connection's own worker, which knows whether it is worth a line. So
/// the wait for the next connection is told right after it, and not by the loop that accepts.
final class AcceptLog: Sendable {
  private let log: Log
  /// Whether connections are accepted. Guards the order of the lines too.
  private let isAccepting = Mutex(false)

  /// The lines of a server that writes to `log`.
  init(_ log: Log) {
    self.log = log
  }

  /// Tells that the first connection is waited for.
  func begin() {
    isAccepting.withLock { isAccepting in
      isAccepting = true
      log.info(Self.waiting)
    }
  }

  /// Tells of a connection from `ip`, and that the next one is waited for.
  func announce(ip: String) {
    isAccepting.withLock { isAccepting in
      log.info(LogLine("accept_connections", .success, ["ip": ip]))
      if isAccepting { log.info(Self.waiting) }
    }
  }

  /// Notes that no more connections are waited for.
  func end() {
    isAccepting.withLock { $0 = false }
  }

  private static let waiting = LogLine("accept_connections", .inProgress)
}
