import LotteryProtocol

/// An agency's connection, in messages.
struct Conversation: ~Copyable {
  private let channel: Channel
  private let agency: UInt32
  private var buffer = InputBuffer(capacity: ProtocolLimits.packetSize)

  init(channel: Channel, agency: UInt32) {
    self.channel = channel
    self.agency = agency
  }

  func send(_ frames: [UInt8]) async throws {
    try await channel.send(frames)
  }

  /// The next message.
  mutating func receive() async throws -> ServerMessage {
    while true {
      if let message = try buffer.nextServerMessage(agency: agency) { return message }
      guard try await channel.receive(into: &buffer) > 0 else {
        throw UnexpectedAnswer(agency, nil)
      }
    }
  }
}
