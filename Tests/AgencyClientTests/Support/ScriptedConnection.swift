import LotteryCore
import LotteryProtocol
import Testing

/// The server's end of one connection to an agency.
final class ScriptedConnection {
  private let channel: Channel
  private var buffer = InputBuffer(capacity: 4 * ProtocolLimits.packetSize)

  init(_ channel: Channel) {
    self.channel = channel
  }

  /// Sends messages, all at once.
  func send(_ messages: ServerMessage...) async throws {
    var bytes: [UInt8] = []
    for message in messages { message.append(to: &bytes) }
    try await send(bytes: bytes)
  }

  /// Sends bytes as they are.
  func send(bytes: [UInt8]) async throws {
    try await channel.send(bytes)
  }

  /// The agency's next message; nil where it has closed the connection.
  func receive() async throws -> AgencyWord? {
    while true {
      if let frame = try buffer.nextFrame() {
        let bytes = buffer.storage
        let word = try AgencyWord(frame: bytes.span.extracting(frame))
        buffer.consume(frame: frame)
        return word
      }
      if try await channel.receive(into: &buffer) == 0 { return nil }
    }
  }

  /// Requires the agency to say `words` next, nil being the connection's end.
  func expect(
    _ words: AgencyWord?..., sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    for expected in words {
      let word = try await receive()
      try #require(word == expected, sourceLocation: sourceLocation)
    }
  }

  /// Requires HELLO of agency 1, and answers that `bets` are stored.
  func welcome(
    _ bets: [Bet] = [], state: AgencyState = .open,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await expect(.hello(agency: 1), sourceLocation: sourceLocation)
    let stored = UInt64(bets.count)
    try await send(.welcome(version: 1, state: state, stored: stored, lastBet: bets.last))
  }

  /// Requires FINISHED and WINNERS?, and answers both.
  func finish(
    total: UInt64, winners: [String] = [], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await expect(.finished(total: total), .winnersQuery, sourceLocation: sourceLocation)
    try await send(.confirmed, .winners(more: false, documents: winners))
    try await expect(nil, sourceLocation: sourceLocation)
  }

  /// Requires a line, and returns it with its line end.
  func receiveLine() async throws -> String {
    while !buffer.storage[buffer.unread].contains(UInt8(ascii: "\n")) {
      try #require(try await channel.receive(into: &buffer) > 0)
    }
    defer { buffer.consume(buffer.unread.count) }
    return String(decoding: buffer.storage[buffer.unread], as: UTF8.self)
  }
}
