import LotteryCore
import LotteryProtocol

/// A connection to the server that carries the protocol's messages. No wait on it lasts longer than the
/// agency's ``Retry`` allows.
struct ServerConnection: ~Copyable {
  private let channel: Channel
  private let agency: UInt32
  private let retry: Retry
  private var buffer = InputBuffer(capacity: Self.bufferSize)

  /// Room for a few of the server's largest messages.
  private static let bufferSize = 4 * ProtocolLimits.packetSize

  /// A connection over `channel`, which the caller closes.
  init(over channel: Channel, as agency: UInt32, retry: Retry) {
    self.channel = channel
    self.agency = agency
    self.retry = retry
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
      try await retry.wait(for: "the server to receive") { () throws(AgencyError) in
        try await mapError(AgencyError.init) { () async throws(ChannelError) in
          try await channel.send(frames: frames)
        }
      }
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
      let count =
        isLimited
        ? try await retry.wait(for: name) { () throws(AgencyError) in try await fill() }
        : try await fill()
      guard count > 0 else { throw .disconnected("the server closed it") }
    }
  }

  private mutating func fill() async throws(AgencyError) -> Int {
    try await mapError(AgencyError.init) { () async throws(ChannelError) in
      try await channel.receive(into: &buffer)
    }
  }

  /// Reads what arrived before the connection broke: the kernel keeps it.
  private mutating func receiveLastWords() throws(AgencyError) {
    repeat {
      while let message = try nextMessage() { _ = try Self.checked(message) }
    } while ((try? channel.receiveNow(into: &buffer)) ?? 0) > 0
  }

  private mutating func nextMessage() throws(AgencyError) -> ServerMessage? {
    try mapError({ AgencyError.unexpected($0.description) }) { () throws(WireError) in
      try buffer.nextServerMessage(agency: agency)
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
