import LotteryProtocol

/// A connection to the server on which no wait lasts longer than the agency's ``Attempts`` allow.
final class ServerConnection {
  let connection: Connection
  let attempts: Attempts

  /// Room for a few of the server's largest messages.
  private static let bufferSize = 4 * ProtocolLimits.packetSize

  /// Reads after a send has failed: many more than the answers to a whole window need.
  private static let lastReads = 16

  /// A connection over `handle`, which the caller closes.
  init(_ handle: Connection.Handle, attempts: Attempts) {
    connection = Connection(handle, capacity: Self.bufferSize)
    self.attempts = attempts
  }

  /// Sends bytes.
  ///
  /// - Throws: ``AgencyError``
  func send(_ bytes: [UInt8]) async throws(AgencyError) {
    connection.append(bytes)
    try await wait(for: "the server to receive", connection.flush)
  }

  /// Sends whole frames.
  ///
  /// - Parameter explain: gets the messages that the server sent before the connection broke or
  ///   stood still: an ERROR or a REJECTED, which it throws, tells whether a retry can help.
  /// - Throws: ``AgencyError``
  func send(
    _ frames: [UInt8], explain: (ServerMessage) throws(AgencyError) -> Void
  ) async throws(AgencyError) {
    do throws(AgencyError) {
      try await send(frames)
    } catch {
      if error == .cancelled { throw error }
      // A server that sends without end must not keep the agency here.
      for _ in 0..<Self.lastReads {
        while let message = try nextMessage() {
          switch message {
          case .error, .rejected: try explain(message)
          case .welcome, .stored, .confirmed, .winners, .status: break
          }
        }
        guard (try? connection.fillNow()) == true else { break }
      }
      throw error
    }
  }

  /// Returns the server's next message.
  ///
  /// - Parameters:
  ///   - name: the message that the agency expects, for error messages.
  ///   - isLimited: false if the message may take as long as it likes.
  /// - Throws: ``AgencyError``
  func receive(_ name: String, isLimited: Bool = true) async throws(AgencyError) -> ServerMessage {
    while true {
      // Most messages come together with others, and then there is nothing to wait for.
      if let message = try nextMessage() { return message }
      try await fill(name, isLimited: isLimited)
    }
  }

  /// Waits until more bytes have arrived.
  func fill(_ name: String, isLimited: Bool = true) async throws(AgencyError) {
    guard try await wait(for: name, isLimited: isLimited, connection.fill) else {
      throw .disconnected("the server closed it")
    }
  }

  /// Runs `body`, whose wait ends with the time that the attempts have left, if it is limited.
  private func wait<Value>(
    for event: String, isLimited: Bool = true, _ body: () async throws(ConnectionError) -> Value
  ) async throws(AgencyError) -> Value {
    try await attempts.wait(for: event, isLimited: isLimited) { deadline throws(WaitFailure) in
      connection.deadline = isLimited ? deadline : nil
      do throws(ConnectionError) {
        return try await body()
      } catch {
        throw WaitFailure(error)
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
