import Glibc
import Testing

@testable import LotteryCore
@testable import LotteryProtocol

/// One connection to a server, without any of the agency program's own behaviour.
///
/// It belongs to the task that made it, like the channel in it.
final class RawClient {
  private let socket: Socket
  private let channel: Channel
  private let agency: UInt32
  private var buffer = InputBuffer(capacity: 4 * ProtocolLimits.packetSize)

  /// Connects to a server on this machine.
  init(port: UInt16, agency: UInt32 = 0) async throws {
    let endpoint = try #require(Endpoint("127.0.0.1:\(port)"))
    let address = try #require(try ResolvedAddress.all(of: endpoint).get().first)
    socket = try address.startConnecting()
    channel = try Channel(socket, peer: nil, worker: Worker(label: "client"))
    self.agency = agency
    do {
      try await channel.finishConnecting()
    } catch {
      channel.close()
      throw error
    }
  }

  /// Sends bytes as they are.
  func send(_ bytes: [UInt8]...) async throws {
    try await channel.send(bytes.flatMap(\.self))
  }

  /// Says that nothing more will be sent.
  func finishSending() {
    socket.shutdownWriting()
  }

  /// The next message, or nil if the server has closed the connection.
  func receive() async throws -> ServerMessage? {
    while true {
      if let message = try buffer.nextServerMessage() { return message }
      if try await channel.receive(into: &buffer) == 0 { return nil }
    }
  }

  /// Sends `frames`, and expects the next message to be `expected`, nil being the connection's end.
  func expect(
    _ expected: ServerMessage?, after frames: [UInt8]...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await channel.send(frames.flatMap(\.self))
    let message = try await receive()
    #expect(message == expected, sourceLocation: sourceLocation)
  }

  /// Says HELLO and returns the answer.
  @discardableResult
  func greet() async throws -> ServerMessage? {
    try await send(Frames.hello(agency))
    return try await receive()
  }

  /// Says HELLO, stores all bets of this agency and says FINISHED, waiting for each answer.
  func finish(with bets: [Bet]) async throws {
    try await greet()
    let size = 50
    for start in stride(from: 0, to: bets.count, by: size) {
      let end = min(start + size, bets.count)
      let batch = Frames.batch(Array(bets[start..<end]), at: UInt64(start))
      try await expect(.stored(UInt64(end)), after: batch)
    }
    try await expect(.confirmed, after: Frames.finished(UInt64(bets.count)))
  }

  /// Asks for the winners, which may take several frames.
  func askWinners() async throws -> [String] {
    try await send(Frames.winnersQuery)
    var winners: [String] = []
    while case .winners(let more, let documents) = try #require(try await receive()) {
      winners += documents
      if !more { return winners }
    }
    throw Unexpected()
  }

  /// What arrives until the server closes the connection.
  func receiveAll() async throws -> [UInt8] {
    var bytes: [UInt8] = []
    while try await channel.receive(into: &buffer) > 0 {
      bytes += buffer.storage[buffer.unread]
      buffer.consume(buffer.unread.count)
    }
    return bytes
  }

  /// How many bytes have arrived and were not read, or nil if none have.
  func receivedNow() throws -> Int? {
    try channel.receiveNow(into: &buffer)
  }

  /// Breaks the connection off, as a machine that crashes and comes back does (socket(7)).
  func reset() async {
    var immediately = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      socket.descriptor, SOL_SOCKET, SO_LINGER, &immediately,
      socklen_t(MemoryLayout<linger>.size))
    channel.close()
  }

  func close() async {
    channel.close()
  }

  /// Another message than WINNERS came.
  struct Unexpected: Error {}
}
