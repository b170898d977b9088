package import LotteryCore

/// The agencies' end of a connection: sends frames of ``AgencyMessage``, receives
/// ``ServerMessage``.
///
/// An ERROR or a REJECTED is thrown, because it ends the conversation. It also explains a broken
/// connection: a server that closes while an agency is sending resets the connection, and the send
/// fails before the agency has read why. So after a failed send, the messages that had arrived come
/// first.
package struct MessageChannel: ~Copyable {
  /// Why a conversation cannot go on.
  package enum Failure: Error, Hashable, Sendable {
    /// The task was cancelled, or the connection broke.
    case channel(ChannelError)
    /// The server closed the connection.
    case closed
    /// The server sent bytes that are not a message.
    case malformed(WireError)
    /// The server sent ERROR.
    case refused(ErrorCode, reason: String)
    /// The server sent REJECTED.
    case rejected(RejectionCode, offset: UInt64, index: UInt16, reason: String)
  }

  private let channel: Channel
  private var buffer: InputBuffer

  /// A conversation over `channel`, which the caller closes.
  ///
  /// - Parameter capacity: bytes that it receives at once, at least ``ProtocolLimits/packetSize``.
  package init(over channel: Channel, capacity: Int) {
    self.channel = channel
    buffer = InputBuffer(capacity: capacity)
  }

  /// Returns when the kernel has taken all of `frames`.
  ///
  /// - Throws: ``Failure``
  package mutating func send(_ frames: [UInt8]) async throws(Failure) {
    do throws(ChannelError) {
      try await channel.send(frames: frames)
    } catch {
      if error != .cancelled { try receiveLastWords() }
      throw .channel(error)
    }
  }

  /// Waits for the next message.
  ///
  /// - Throws: ``Failure``
  package mutating func receive() async throws(Failure) -> ServerMessage {
    while true {
      if let message = try nextMessage() { return message }
      let count = try await mapError(Failure.channel) { () async throws(ChannelError) in
        try await channel.receive(into: &buffer)
      }
      guard count > 0 else { throw .closed }
    }
  }

  /// Reads the messages that arrived before the connection broke, which the kernel keeps, and
  /// throws the first that is an ERROR or a REJECTED.
  ///
  /// - Throws: ``Failure``
  package mutating func receiveLastWords() throws(Failure) {
    repeat {
      while try nextMessage() != nil {}
    } while ((try? channel.receiveNow(into: &buffer)) ?? 0) > 0
  }

  /// Takes the next message if all of it has been received.
  ///
  /// - Throws: ``Failure``
  package mutating func nextMessage() throws(Failure) -> ServerMessage? {
    let message = try mapError(Failure.malformed) { () throws(WireError) in
      try buffer.nextServerMessage()
    }
    switch message {
    case .error(let code, let reason): throw .refused(code, reason: reason)
    case .rejected(let offset, let index, let code, let reason):
      throw .rejected(code, offset: offset, index: index, reason: reason)
    default: return message
    }
  }
}
