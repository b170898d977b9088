import LotteryProtocol
import ProcessSupport

/// Serves one accepted connection, from its first byte to its last.
struct ConnectionService {
  private let connection: Connection
  private let server: Server
  /// Its place in the order in which connections were accepted.
  private let number: UInt64
  private let isCrowded: Bool
  private var isAnnounced = false
  private var isEcho = false
  /// Whether an agency has spoken here. Refusals of other peers are limited in the log.
  private var isOfAgency = false

  init(_ handle: Connection.Handle, number: UInt64, server: Server) {
    self.server = server
    self.number = number
    let others = server.connections.count - 1
    isCrowded = others >= Self.crowd
    connection = Connection(handle, capacity: Self.bufferSize(others: others))
    connection.patience = server.configuration.timeout
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
    do { try await serve() } catch { await end(because: error) }
    connection.close()
    guard isAnnounced else { return }
    server.log.info(LogLine("close_socket", .success, ["ip": ip]))
    // The worker's last job ends with this line.
    server.log.info(LogLine("close_worker", .success, ["ip": ip]))
  }

  private var ip: String { connection.handle.peer?.ip ?? "" }

  private mutating func serve() async throws {
    // Health checks on this machine ask for the status or send nothing. They are not worth a line.
    if connection.handle.peer?.isLoopback != true { announce() }
    connection.deadline = .now + server.configuration.timeout
    guard try await connection.fill() else { return }
    if !connection.unread.starts(with: Self.statusQuery) { announce() }
    isEcho = connection.unread.first != 0
    if isEcho { return try await echo() }
    var service = AgencyService(
      connection: connection, server: server, number: number, isCrowded: isCrowded)
    defer { isOfAgency = service.claim != nil }
    try await service.run()
  }

  private static let statusQuery: [UInt8] = {
    var bytes: [UInt8] = []
    AgencyMessage.statusQuery.append(to: &bytes)
    return bytes
  }()

  private mutating func announce() {
    guard !isAnnounced else { return }
    isAnnounced = true
    server.announce(ip: ip)
  }
}

/// The end of a connection that the peer has not ended.
enum ServiceError: Error {
  /// The peer goes against the contract, or may not go on: it is sent ERROR.
  case refused(ErrorCode, String)
  /// A batch cannot be taken. The answers that have gathered end with REJECTED.
  case rejected
}

extension ConnectionService {
  /// Tells the log and the peer why the connection ends.
  private mutating func end(because error: any Error) async {
    switch error {
    case ServiceError.refused(let code, let reason): await refuse(code, reason)
    case ServiceError.rejected: await finish()
    case ConnectionError.interrupted(let cause) where cause.refusal != nil:
      // A client of the echo service would not understand an ERROR.
      guard !isEcho, let (code, reason) = cause.refusal else { return }
      let isSending = cause == .deadline && connection.isSending
      // A health check that meets the end is still not worth a line.
      await refuse(
        code, isSending ? "answers not taken in time" : reason,
        isLogged: isAnnounced || cause != .shuttingDown)
    default: server.log.debug(LogLine("connection_lost", .fail, ["ip": ip, "error": "\(error)"]))
    }
  }

  /// Logs a refusal and sends ERROR.
  private mutating func refuse(
    _ code: ErrorCode, _ reason: String, isLogged: Bool = true
  ) async {
    if isLogged {
      announce()
      let line = LogLine(
        "refuse_connection", .success, ["ip": ip, "code": "\(code.rawValue)", "reason": reason])
      if isOfAgency { server.log.info(line) } else { server.log.stranger(.info, line) }
    }
    connection.append(ServerMessage.error(code: code, reason: reason))
    await finish()
  }

  /// Sends the last messages, and gives them time to arrive.
  private func finish() async {
    // What a peer may still send after ERROR or REJECTED.
    let largestWindow = ProtocolLimits.window.upperBound * ProtocolLimits.packetSize
    await connection.finish(within: server.configuration.farewell, discarding: largestWindow)
  }
}

extension Interruption {
  /// What the peer is told. Nil if it has gone, or did nothing wrong.
  fileprivate var refusal: (code: ErrorCode, reason: String)? {
    switch self {
    case .superseded: (.superseded, "a newer connection of this agency took over")
    case .deadline: (.tooSlow, "no complete message in time")
    case .shuttingDown: (.shuttingDown, "the server is shutting down")
    case .cancelled, .vanished, .noRoom: nil
    }
  }
}

/// The echo service of exercises 1 to 4: one line, sent back unaltered (`PROTOCOL.md`, One port,
/// two services).
extension ConnectionService {
  /// Serves until the line has been sent back. A line that is too long gets no answer.
  private func echo() async throws {
    if let line = try await receiveLine(), !line.isEmpty {
      await server.log.waitForRoom()
      // Without its end.
      var text = line[...]
      if text.last == UInt8(ascii: "\n") { text.removeLast() }
      if text.last == UInt8(ascii: "\r") { text.removeLast() }
      let message = String(decoding: text, as: UTF8.self)
      server.log.stranger(
        .info, LogLine("receive_message", .success, ["ip": ip, "msg": message]))
      connection.consume(line.count)
      connection.append(line)
      try await connection.flush()
    }
    if !connection.unread.isEmpty || connection.mayHaveMore { await finish() }
  }

  /// Returns the line with its end, or what came before the peer's end, or nil if it is too long.
  private func receiveLine() async throws -> [UInt8]? {
    while true {
      let bytes = connection.unread.prefix(ProtocolLimits.echoLineSize + 1)
      if let end = bytes.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Array(bytes[...end])
        return line.count <= ProtocolLimits.echoLineSize ? line : nil
      }
      guard bytes.count <= ProtocolLimits.echoLineSize else { return nil }
      guard try await connection.fill() else { return Array(bytes) }
    }
  }
}
