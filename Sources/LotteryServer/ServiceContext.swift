import LotteryProtocol
import ProcessSupport
import Synchronization

/// What all connections of a server share.
struct ServiceContext: Sendable {
  /// How many agencies take part. With 0 there is the echo service and no draw.
  let agencies: UInt32
  /// The key of each agency; nil if no keys are asked for.
  let keys: AgencyKeys?
  let store: BetStore
  let draw: Draw
  let connections: ConnectionRegistry
  let log: Log
  let acceptLog: AcceptLog
  /// The time for a message that a peer owes, and for it to take the next bytes of an answer.
  let timeout: Duration
}

extension ServiceContext {
  /// The lottery's status.
  var status: LotteryStatus {
    LotteryStatus(
      isDrawn: draw.isHeld, agencies: agencies, connections: UInt32(connections.count),
      syncs: store.syncTimes, seen: store.agencyStatuses)
  }
}

/// The two log lines of each accepted connection, as the course's server has them: `in_progress`
/// while the server waits for the next connection, `success` when one has come.
///
/// The connection's own worker logs them, because it knows whether the connection is worth a line.
/// So the wait for the next connection is logged right after the connection, and not by the loop
/// that accepts.
final class AcceptLog: Sendable {
  private let log: Log
  /// Whether connections are accepted. The lock also guards the order of the lines.
  private let isAccepting = Mutex(false)

  /// The lines of a server that writes to `log`.
  init(_ log: Log) {
    self.log = log
  }

  /// Logs the wait for the first connection.
  func begin() {
    isAccepting.withLock { isAccepting in
      isAccepting = true
      log.info(Self.waiting)
    }
  }

  /// Logs a connection from `ip` and the wait for the next one.
  func announce(ip: String) {
    isAccepting.withLock { isAccepting in
      log.info(LogLine("accept_connections", .success, ["ip": ip]))
      if isAccepting { log.info(Self.waiting) }
    }
  }

  /// Notes that the server waits for no more connections.
  func end() {
    isAccepting.withLock { $0 = false }
  }

  private static let waiting = LogLine("accept_connections", .inProgress)
}
