import LotteryCore
import LotteryProtocol

/// A connection to the server on which no wait lasts longer than the agency's ``Retry`` allows.
struct ServerConnection: ~Copyable {
  private let agency: UInt32
  private let retry: Retry
  private var messages: MessageChannel

  /// Room for a few of the server's largest messages.
  private static let bufferSize = 4 * ProtocolLimits.packetSize

  /// A connection over `channel`, which the caller closes.
  init(over channel: Channel, as agency: UInt32, retry: Retry) {
    self.agency = agency
    self.retry = retry
    messages = MessageChannel(over: channel, capacity: Self.bufferSize)
  }

  /// Sends HELLO and waits for WELCOME.
  ///
  /// - Returns: how many bets of this agency the server holds, and the last of them.
  mutating func greet(key: String) async throws(AgencyError) -> (stored: UInt64, lastBet: Bet?) {
    var hello: [UInt8] = []
    AgencyMessage.hello(agency: agency, key: key).append(to: &hello)
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
  /// - Throws: ``AgencyError``. An ERROR or a REJECTED that the server sent before comes first: it
  ///   tells whether a retry can help.
  mutating func send(_ frames: [UInt8]) async throws(AgencyError) {
    do throws(AgencyError) {
      try await retry.wait(for: "the server to receive") { () throws(AgencyError) in
        try await mapError(AgencyError.init) { () async throws(MessageChannel.Failure) in
          try await messages.send(frames)
        }
      }
    } catch {
      if case .gaveUp = error { try receiveLastWords() }
      throw error
    }
  }

  /// Returns the server's next message.
  ///
  /// - Parameters:
  ///   - name: the message that the agency expects, for error messages.
  ///   - isLimited: false if the message may take as long as it likes.
  /// - Throws: ``AgencyError``, also for an ERROR or a REJECTED.
  mutating func receive(
    _ name: String, isLimited: Bool = true
  ) async throws(AgencyError) -> ServerMessage {
    // Most messages come together with others, and then there is nothing to wait for.
    if let message = try bufferedMessage() { return message }
    guard isLimited else { return try await nextMessage() }
    return try await retry.wait(for: name) { () throws(AgencyError) in try await nextMessage() }
  }

  private mutating func bufferedMessage() throws(AgencyError) -> ServerMessage? {
    try mapError(AgencyError.init) { () throws(MessageChannel.Failure) in
      try messages.nextMessage()
    }
  }

  private mutating func nextMessage() async throws(AgencyError) -> ServerMessage {
    try await mapError(AgencyError.init) { () async throws(MessageChannel.Failure) in
      try await messages.receive()
    }
  }

  private mutating func receiveLastWords() throws(AgencyError) {
    try mapError(AgencyError.init) { () throws(MessageChannel.Failure) in
      try messages.receiveLastWords()
    }
  }
}
