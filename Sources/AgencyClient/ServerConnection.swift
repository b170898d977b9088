import LotteryCore
import LotteryProtocol
import ProcessSupport

/// A connection to the server that speaks the protocol's messages.
struct ServerConnection: ~Copyable {
  private let link: ServerLink
  private let agency: UInt32
  private let log: Log
  private var buffer = InputBuffer(capacity: Self.bufferSize)

  /// Room for a few of the server's largest messages.
  private static let bufferSize = 4 * ProtocolLimits.packetSize

  /// Connects, once.
  ///
  /// - Throws: ``AgencyError``
  init(
    to endpoint: Endpoint, agency: UInt32, worker: Worker, persistence: Persistence, log: Log
  ) async throws(AgencyError) {
    link = try await ServerLink(to: endpoint, worker: worker, persistence: persistence)
    self.agency = agency
    self.log = log
  }

  /// Says HELLO.
  ///
  /// - Returns: how many bets of this agency the server holds, and the last of them.
  mutating func greet(key: String) async throws(AgencyError) -> (stored: UInt64, lastBet: Bet?) {
    var hello: [UInt8] = []
    AgencyMessage.appendHello(agency: agency, key: key, to: &hello)
    try await send(hello)
    guard case .welcome(let version, _, let stored, let lastBet) = try await receive("WELCOME")
    else {
      throw .unexpected("WELCOME should answer HELLO")
    }
    guard version == ProtocolLimits.version else {
      throw .unexpected("WELCOME has version \(version), not \(ProtocolLimits.version)")
    }
    return (stored, lastBet)
  }

  /// Sends whole frames.
  ///
  /// - Throws: ``AgencyError``; what the server refused or rejected before it hung up comes before
  ///   the broken connection, because it tells whether trying again is worth it.
  mutating func send(_ frames: [UInt8]) async throws(AgencyError) {
    do throws(AgencyError) {
      try await link.send(frames: frames)
    } catch {
      if error != .cancelled { try receiveLastWords() }
      throw error
    }
  }

  /// The next message; what the server refuses or rejects is thrown.
  ///
  /// - Parameters:
  ///   - name: of the message that should come, for the log.
  ///   - isLimited: false if it has no deadline.
  mutating func receive(
    _ name: String, isLimited: Bool = true
  ) async throws(AgencyError) -> ServerMessage {
    while true {
      if let message = try nextMessage() { return try Self.checked(message) }
      guard try await link.receive(name, into: &buffer, isLimited: isLimited) > 0 else {
        throw .disconnected("the server closed it")
      }
    }
  }

  /// Closes the connection.
  func close() {
    link.close()
    log.info(LogLine("close_socket", .success, ["client_id": "\(agency)"]))
  }

  /// Reads what arrived before the connection broke: the kernel keeps it.
  private mutating func receiveLastWords() throws(AgencyError) {
    repeat {
      while let message = try nextMessage() { _ = try Self.checked(message) }
    } while link.receiveLastWords(into: &buffer)
  }

  private mutating func nextMessage() throws(AgencyError) -> ServerMessage? {
    do throws(WireError) {
      return try buffer.nextServerMessage(agency: agency)
    } catch {
      throw .unexpected(error.description)
    }
  }

  private static func checked(_ message: ServerMessage) throws(AgencyError) -> ServerMessage {
    switch message {
    case .error(let code, let reason): throw .refused(code, reason: reason)
    case .rejected(let offset, let index, let code, let reason):
      throw .rejected(code, offset: offset, index: index, reason: reason)
    default: return message
    }
  }
}

/// A connection to the server on which no wait is longer than the agency's persistence.
struct ServerLink: Sendable {
  private let channel: Channel
  private let persistence: Persistence

  /// Connects, once.
  ///
  /// - Throws: ``AgencyError``
  init(
    to endpoint: Endpoint, worker: Worker, persistence: Persistence
  ) async throws(AgencyError) {
    self.persistence = persistence
    channel = try await persistence.wait(for: "a connection to \(endpoint)") {
      () async throws(AgencyError) in
      do throws(Connector.Failure) {
        return try await Connector.connect(to: endpoint, worker: worker)
      } catch {
        throw error == .cancelled ? .cancelled : .unreachable("\(endpoint): \(error)")
      }
    }
  }

  /// Returns when the kernel has taken all of `bytes`.
  func send(_ bytes: [UInt8]) async throws(AgencyError) {
    try await persistence.wait(for: "the server to receive") { () async throws(AgencyError) in
      do throws(ChannelError) {
        try await channel.send(bytes)
      } catch {
        throw AgencyError(error)
      }
    }
  }

  /// Returns when the kernel has taken all of `frames`, each with a send of its own.
  func send(frames: [UInt8]) async throws(AgencyError) {
    try await persistence.wait(for: "the server to receive") { () async throws(AgencyError) in
      do throws(ChannelError) {
        try await channel.send(frames: frames)
      } catch {
        throw AgencyError(error)
      }
    }
  }

  /// Waits for bytes of `message`, and puts them into `buffer`.
  ///
  /// - Parameter isLimited: false for a message that has no deadline.
  /// - Returns: how many bytes arrived; 0 means that the server will send no more.
  func receive(
    _ message: String, into buffer: inout InputBuffer, isLimited: Bool = true
  ) async throws(AgencyError) -> Int {
    func receive() async throws(AgencyError) -> Int {
      do throws(ChannelError) {
        return try await channel.receive(into: &buffer)
      } catch {
        throw AgencyError(error)
      }
    }
    return isLimited ? try await persistence.wait(for: message, receive) : try await receive()
  }

  /// Puts into `buffer` what has arrived before the connection broke: the kernel keeps it.
  ///
  /// - Returns: whether there was any.
  func receiveLastWords(into buffer: inout InputBuffer) -> Bool {
    (try? channel.receiveNow(into: &buffer)) ?? 0 > 0
  }

  /// Closes the connection.
  func close() {
    channel.close()
  }
}

extension AgencyError {
  /// What the end of a channel means to an agency.
  init(_ error: ChannelError) {
    switch error {
    case .cancelled: self = .cancelled
    case .broken(let error): self = .disconnected(error.description)
    }
  }
}
