import LotteryProtocol
import ProcessSupport

/// What an agency works with in every mode, and its connections to the server.
struct Agency {
  let configuration: ClientConfiguration
  /// The agency's key. Empty if the server asks for none.
  var key = ""
  /// Runs the agency's task and serves its connections.
  let worker: Worker
  let attempts: Attempts
  let log: Log

  var id: UInt32 { configuration.id }

  /// Makes one connection after the other, until `body` has done its work over one of them. It
  /// begins after HELLO.
  func converse<C: Conversation>(
    _ conversation: inout C,
    _ body: (inout C, ServerConnection) async throws(AgencyError) -> Void
  ) async throws(AgencyError) {
    try await attempts.retrying { () throws(AgencyError) in
      let handle = try await connect()
      try await withConnection(handle) { server throws(AgencyError) in
        try await server.send(conversation.hello(), &conversation)
        try await body(&conversation, server)
      }
    }
  }

  /// Connects, once.
  func connect() async throws(AgencyError) -> Connection.Handle {
    let endpoint = configuration.serverAddress
    return try await attempts.wait(for: "a connection to \(endpoint)") {
      deadline throws(AgencyError) in
      do throws(Connector.Failure) {
        return try await Connector.open(endpoint, worker: worker, until: deadline)
      } catch {
        switch error {
        case .timedOut: return nil
        case .cancelled: throw .cancelled
        case .unresolved, .refused: throw .unreachable("\(endpoint): \(error)")
        }
      }
    }
  }

  /// Runs `body` with the connection, and closes it, whatever comes of it. A signal interrupts it.
  func withConnection<Value>(
    _ handle: Connection.Handle, _ body: (ServerConnection) async throws(AgencyError) -> Value
  ) async throws(AgencyError) -> Value {
    defer {
      handle.close()
      log.info(LogLine("close_socket", .success, ["client_id": "\(id)"]))
    }
    let outcome = await withTaskCancellationHandler { () -> Result<Value, AgencyError> in
      do throws(AgencyError) {
        return .success(try await body(ServerConnection(handle, attempts: attempts)))
      } catch {
        return .failure(error)
      }
    } onCancel: {
      handle.interrupt(.cancelled)
    }
    return try outcome.get()
  }
}

/// The rules of an agency's conversation with the server, over as many connections as it takes.
/// They perform no I/O and know no clock.
protocol Conversation {
  /// What a message asks the agency to do.
  associatedtype Effect

  /// The first frame of a new connection. What is left of the one before does not count any more.
  mutating func hello() -> [UInt8]
  /// Takes the next message.
  ///
  /// - Throws: ``AgencyError``, also for a REJECTED or an ERROR. The connection ends.
  mutating func receive(_ message: ServerMessage) throws(AgencyError) -> Effect
  /// The message that the server is to send next.
  var awaited: MessageType { get }
  /// Whether that may take as long as it likes: the agency waits for the draw.
  var isDrawing: Bool { get }
}

/// A connection to the server on which no wait lasts longer than the agency's ``Attempts`` allow.
final class ServerConnection {
  let connection: Connection
  private let attempts: Attempts

  /// Room for a few of the server's largest messages.
  private static let bufferSize = 4 * ProtocolLimits.packetSize

  /// Reads after a send has failed: many more than the answers to a whole window need.
  private static let lastReads = 16

  /// A connection over `handle`, which the caller closes.
  init(_ handle: Connection.Handle, attempts: Attempts) {
    connection = Connection(handle, capacity: Self.bufferSize)
    self.attempts = attempts
  }

  func send(_ bytes: [UInt8]) async throws(AgencyError) {
    connection.append(bytes)
    try await wait(for: "the server to receive", connection.flush)
  }

  /// Sends whole frames of a conversation.
  ///
  /// If that fails, the conversation gets an ERROR or a REJECTED that the server sent before the
  /// connection broke or stood still: it tells whether a retry can help.
  func send(
    _ frames: [UInt8], _ conversation: inout some Conversation
  ) async throws(AgencyError) {
    do throws(AgencyError) {
      try await send(frames)
    } catch {
      if error == .cancelled { throw error }
      // A server that sends without end must not keep the agency here.
      for _ in 0..<Self.lastReads {
        while let message = try nextMessage() {
          switch message {
          case .error, .rejected: _ = try conversation.receive(message)
          case .welcome, .stored, .confirmed, .winners, .status: break
          }
        }
        guard (try? connection.fillNow()) == true else { break }
      }
      throw error
    }
  }

  /// Hands the server's next message to the conversation, and returns what that asks for.
  func receive<C: Conversation>(_ conversation: inout C) async throws(AgencyError) -> C.Effect {
    while true {
      // Most messages come together with others, and then there is nothing to wait for.
      if let message = try nextMessage() { return try conversation.receive(message) }
      // Only the draw may take as long as it likes, and no message that has begun.
      let isLimited = !conversation.isDrawing || !connection.unread.isEmpty
      try await fill(conversation.awaited.name, isLimited: isLimited)
    }
  }

  /// Waits until more bytes have arrived. Errors call them `name`.
  func fill(_ name: String, isLimited: Bool = true) async throws(AgencyError) {
    guard try await wait(for: name, isLimited: isLimited, connection.fill) else {
      throw .disconnected("the server closed it")
    }
  }

  /// Runs `body`, whose wait ends with the time that the attempts have left, if it is limited.
  private func wait<Value>(
    for event: String, isLimited: Bool = true, _ body: () async throws(ConnectionError) -> Value
  ) async throws(AgencyError) -> Value {
    try await attempts.wait(for: event, isLimited: isLimited) { deadline throws(AgencyError) in
      connection.deadline = isLimited ? deadline : nil
      do throws(ConnectionError) {
        return try await body()
      } catch {
        switch error {
        case .interrupted(.deadline): return nil
        // No other cause interrupts an agency.
        case .interrupted: throw .cancelled
        case .broken(let error): throw .disconnected(error.description)
        }
      }
    }
  }

  private func nextMessage() throws(AgencyError) -> ServerMessage? {
    do throws(WireError) {
      guard let frame = try connection.nextFrame() else { return nil }
      return try ServerMessage(frame: frame.span)
    } catch {
      throw .unexpected(error.description)
    }
  }
}
