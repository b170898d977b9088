import LotteryProtocol
import ProcessSupport
import Synchronization

/// Serves one accepted connection, from its first byte to its last.
struct ConnectionService {
  private let connection: Connection
  private let context: ServiceContext
  /// Its place in the order in which connections were accepted.
  private let number: UInt64
  private let isCrowded: Bool
  private var isAnnounced = false
  private var isEcho = false
  /// Whether an agency has spoken here. Refusals of other peers are limited in the log.
  private var isOfAgency = false

  /// Serves the connection that `handle` stands for.
  init(_ handle: Connection.Handle, number: UInt64, context: ServiceContext) {
    self.context = context
    self.number = number
    let others = context.connections.count - 1
    isCrowded = others >= Self.crowd
    connection = Connection(handle, capacity: Self.bufferSize(others: others))
    connection.patience = context.timeout
  }

  /// Bytes that are held of a connection that begins while there are `others`. Larger reads mean
  /// fewer of them, but in a crowd all buffers together must stay small.
  static func bufferSize(others: Int) -> Int {
    others < crowd ? 256 * 1024 : 64 * 1024
  }

  /// Connections from which on memory matters more than the number of reads.
  static let crowd = 64

  /// Serves the connection, and closes it.
  mutating func run() async {
    do {
      try await serve()
    } catch let error as ServiceError {
      await end(because: error)
    } catch let error as ConnectionError {
      await end(because: error)
    } catch {
      logLoss("\(error)")
    }
    connection.close()
    guard isAnnounced else { return }
    context.log.info(LogLine("close_socket", .success, ["ip": ip]))
    // The worker's last job ends with this line.
    context.log.info(LogLine("close_worker", .success, ["ip": ip]))
  }

  private var ip: String { connection.handle.peer?.ip ?? "" }

  private mutating func serve() async throws {
    // Health checks on this machine ask for the status or send nothing. They are not worth a line.
    if connection.handle.peer?.isLoopback != true { announce() }
    connection.deadline = .now + context.timeout
    guard try await connection.fill() else { return }
    if !connection.unread.starts(with: Self.statusQuery) { announce() }
    isEcho = connection.unread.first != 0
    if isEcho {
      try await EchoService(connection: connection, log: context.log).run()
      if !connection.unread.isEmpty || connection.mayHaveMore { await finish() }
    } else {
      var service = AgencyService(
        connection: connection, context: context, number: number, isCrowded: isCrowded)
      defer { isOfAgency = service.claim != nil }
      try await service.run()
    }
  }

  private static let statusQuery: [UInt8] = {
    var bytes: [UInt8] = []
    AgencyMessage.statusQuery.append(to: &bytes)
    return bytes
  }()

  private mutating func announce() {
    guard !isAnnounced else { return }
    isAnnounced = true
    context.acceptLog.announce(ip: ip)
  }

  private mutating func end(because error: ServiceError) async {
    switch error {
    case .refused(let code, let reason): await refuse(code, reason)
    case .rejected: await finish()
    }
  }

  private mutating func end(because error: ConnectionError) async {
    switch error {
    case .interrupted(let cause):
      // A client of the echo service would not understand an ERROR.
      guard let code = cause.code else { return logLoss(cause.reason) }
      if isEcho { return }
      // A health check that meets the end is still not worth a line.
      let isLogged = isAnnounced || cause != .shuttingDown
      await refuse(code, reason(for: cause), isLogged: isLogged)
    case .broken(let error): logLoss(error.description)
    }
  }

  private func reason(for cause: Interruption) -> String {
    cause == .deadline && connection.isSending ? "answers not taken in time" : cause.reason
  }

  private func logLoss(_ reason: String) {
    context.log.debug(LogLine("connection_lost", .fail, ["ip": ip, "error": reason]))
  }

  /// Logs a refusal and sends ERROR.
  private mutating func refuse(
    _ code: ErrorCode, _ reason: String, isLogged: Bool = true
  ) async {
    if isLogged {
      announce()
      let line = LogLine(
        "refuse_connection", .success, ["ip": ip, "code": "\(code.rawValue)", "reason": reason])
      if isOfAgency { context.log.info(line) } else { context.log.stranger(.info, line) }
    }
    connection.append(ServerMessage.error(code: code, reason: reason))
    await finish()
  }

  /// Sends the last messages, and gives them time to arrive.
  private func finish() async {
    await connection.finish(within: context.farewell, discarding: Self.window)
  }

  /// Bytes that a peer may still send after ERROR or REJECTED: the largest window.
  private static let window = ProtocolLimits.window.upperBound * ProtocolLimits.packetSize
}

/// Why the server ends a connection that goes against the contract, or may not go on.
enum ServiceError: Error {
  /// The peer is sent ERROR.
  case refused(ErrorCode, String)
  /// A batch cannot be taken. The answers that have gathered end with REJECTED.
  case rejected
}

extension Interruption {
  /// What the peer is told, if anything: it did nothing wrong.
  fileprivate var code: ErrorCode? {
    switch self {
    case .superseded: .superseded
    case .deadline: .tooSlow
    case .shuttingDown: .shuttingDown
    case .cancelled, .vanished, .noRoom: nil
    }
  }

  /// Why, for a person.
  fileprivate var reason: String {
    switch self {
    case .superseded: "a newer connection of this agency took over"
    case .deadline: "no complete message in time"
    case .shuttingDown: "the server is shutting down"
    case .cancelled, .vanished, .noRoom: ConnectionError.interrupted(self).description
    }
  }
}

/// What all connections of a server share.
struct ServiceContext: Sendable {
  /// How many agencies take part. With 0 there is the echo service and no draw.
  let agencies: UInt32
  /// The key of each agency; nil if no keys are asked for.
  let keys: AgencyKeys?
  let store: BetStore
  let draw: Draw
  let connections: ConnectionRegistry
  let memory = PendingMemory()
  let log: Log
  let acceptLog: AcceptLog
  /// The time for a message that a peer owes, and for it to take the next bytes of an answer.
  let timeout: Duration
  /// How long the last messages of a connection may take to arrive.
  let farewell: Duration
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
