import LotteryCore
import LotteryProtocol

/// The bytes from and to the peer of one connection, and the deadline of what the peer owes.
struct PeerStream: ~Copyable {
  let channel: Channel
  /// Bytes that have arrived and are not used up.
  var buffer: InputBuffer

  let isCrowded: Bool
  private let deadline: MessageDeadline

  /// Bytes taken off the socket in one go by a connection that begins while there are `others`.
  /// Larger reads mean fewer of them, but in a crowd all buffers together must stay small.
  static func bufferSize(others: Int) -> Int {
    others < crowd ? 256 * 1024 : 64 * 1024
  }

  /// Connections from which on memory matters more than the number of reads.
  static let crowd = 64

  /// The bytes of `channel`, `others` being the number of other connections.
  init(channel: Channel, deadline: MessageDeadline, others: Int) {
    self.channel = channel
    self.deadline = deadline
    isCrowded = others >= Self.crowd
    buffer = InputBuffer(capacity: Self.bufferSize(others: others))
  }

  /// Releases memory that the unread bytes do not need, if there are many connections: thousands
  /// may wait at the same time, for a sync or for the draw.
  mutating func park() {
    if isCrowded { buffer.shrink() }
  }

  /// Waits for more bytes.
  ///
  /// - Returns: whether any arrived. If not, the peer sends no more.
  mutating func receive() async throws(ServiceError) -> Bool {
    try await mapError(ServiceError.channel) { () async throws(ChannelError) in
      try await channel.receive(into: &buffer) > 0
    }
  }

  /// Takes more bytes if the last ones filled the buffer and more have arrived.
  ///
  /// - Returns: whether it took any.
  mutating func receiveMore() throws(ServiceError) -> Bool {
    guard buffer.wasFilled, !buffer.isFull else { return false }
    return try mapError(ServiceError.channel) { () throws(ChannelError) in
      (try channel.receiveNow(into: &buffer) ?? 0) > 0
    }
  }

  /// Returns where the next frame, its header left out, lies in ``buffer``, or nil while it is
  /// incomplete.
  func nextFrame() throws(WireError) -> Range<Int>? {
    let frame = try buffer.nextFrame()
    if frame != nil { deadline.messageCame() }
    return frame
  }

  /// Sends messages.
  func send(_ messages: [ServerMessage]) async throws(ServiceError) {
    var bytes: [UInt8] = []
    for message in messages { message.append(to: &bytes) }
    try await send(bytes)
  }

  /// Sends bytes as they are.
  func send(_ bytes: [UInt8]) async throws(ServiceError) {
    // A peer that does not take its answers is as slow as one that does not send its messages.
    deadline.expectMessage()
    defer { deadline.messageCame() }
    try await mapError(ServiceError.channel) { () async throws(ChannelError) in
      // Many winners take their time on a slow line.
      try await channel.send(bytes) { deadline.renew() }
    }
  }
}
