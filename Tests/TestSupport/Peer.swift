package import Glibc
package import LotteryProtocol
import Synchronization
package import Testing

/// The other end of a connection under test.
///
/// It uses plain system calls, so that a test says exactly which bytes are sent, and nothing of the
/// code under test but the wait for the next change. One task at a time sends, and one receives.
package final class Peer: Sendable {
  private let descriptor: Int32
  private let readiness: Readiness
  /// The agency that ``greet()`` names.
  package let agency: UInt32
  /// Whether a reset counts as the end of what the other side sends.
  private let takesResets: Bool
  /// How long a receiver waits for the next bytes. Then nothing more is expected.
  private let patience: Duration?
  private let isOpen = Atomic(true)

  /// Connects to a port of this machine.
  ///
  /// - Parameters:
  ///   - takesResets: whether a reset counts as the end of what the server sends, not as an error.
  ///   - receiveBuffer: bytes that the kernel may keep for this peer, if that matters.
  ///   - host: the last number of this peer's address, 127.0.0.1 to 127.0.0.255.
  ///   - patience: how long the server may send nothing while that is waited for. Then it seems to
  ///     have ended the connection.
  package convenience init(
    port: UInt16, agency: UInt32 = 0, takesResets: Bool = false, receiveBuffer: Int32? = nil,
    host: UInt8 = 1, patience: Duration? = nil
  ) throws {
    // SOCK_CLOEXEC: a program that another test starts would keep the connection open.
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let descriptor = try SystemError.check("socket") { socket(AF_INET, type, 0) }
    if var size = receiveBuffer { setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, 4) }
    var noDelay: Int32 = 1
    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &noDelay, 4)
    do throws(SystemError) {
      if host != 1 {
        try SystemError.check("bind") { withLoopback(0, host: host) { bind(descriptor, $0, $1) } }
      }
      try SystemError.check("connect") { withLoopback(port) { connect(descriptor, $0, $1) } }
    } catch {
      Glibc.close(descriptor)
      throw error
    }
    try self.init(descriptor, agency: agency, takesResets: takesResets, patience: patience)
  }

  package convenience init(_ accepted: Connection.Handle) throws {
    let descriptor = dup(accepted.socket.descriptor)
    accepted.close()
    try self.init(descriptor)
  }

  private init(
    _ descriptor: Int32, agency: UInt32 = 0, takesResets: Bool = false, patience: Duration? = nil
  ) throws {
    (self.descriptor, self.agency) = (descriptor, agency)
    (self.takesResets, self.patience) = (takesResets, patience)
    readiness = try Readiness(of: descriptor)
  }

  /// Returns false if the other side ended the connection before it took them all.
  @discardableResult
  package func send(_ pieces: [UInt8]...) async throws -> Bool {
    let bytes = pieces.count == 1 ? pieces[0] : pieces.flatMap(\.self)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
      }
      if count < 0 {
        if errno == EPIPE || errno == ECONNRESET { return false }
        try await wait(for: .writing, "send")
      }
      sent += max(count, 0)
    }
    return true
  }

  private func wait(for direction: Readiness.Direction, _ call: String) async throws {
    guard errno == EAGAIN else { throw SystemError(call, code: errno) }
    try Task.checkCancellation()
    let limit = (direction == .reading ? patience : nil).map { patience in
      Task { [descriptor] in
        try await Task.sleep(for: patience)
        shutdown(descriptor, Int32(SHUT_RD))
      }
    }
    await readiness.waitUnlessCancelled(for: direction)
    limit?.cancel()
  }

  /// The next `count` bytes, or fewer if the other side sends no more.
  ///
  /// - Parameter piece: the most bytes that are taken out of the kernel at once.
  package func receive(_ count: Int, piece: Int = 1 << 16) async throws -> [UInt8] {
    var received: [UInt8] = []
    while received.count < count {
      let limit = min(piece, count - received.count)
      var size = 0
      received += [UInt8](unsafeUninitializedCapacity: limit) { room, filled in
        size = recv(descriptor, room.baseAddress, limit, Int32(MSG_DONTWAIT))
        filled = max(size, 0)
      }
      if size == 0 || size < 0 && errno == ECONNRESET && takesResets { break }
      if size < 0 { try await wait(for: .reading, "recv") }
    }
    return received
  }

  package func receiveAll() async throws -> [UInt8] { try await receive(.max) }

  /// Whether something has arrived that was not received, or the connection has ended.
  package var hasAnswer: Bool {
    var byte: UInt8 = 0
    let flags = Int32(MSG_PEEK | MSG_DONTWAIT)
    return recv(descriptor, &byte, 1, flags) >= 0
  }

  package func finishSending() {
    shutdown(descriptor, Int32(SHUT_WR))
  }

  /// Ends the connection, unless that was done before.
  package func close() {
    guard isOpen.exchange(false, ordering: .relaxed) else { return }
    readiness.cancel()
    Glibc.close(descriptor)
  }

  /// Breaks the connection off, as a machine does that has crashed (socket(7), SO_LINGER).
  package func reset() {
    var immediately = linger(l_onoff: 1, l_linger: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &immediately, socklen_t(MemoryLayout<linger>.size))
    close()
  }
}

/// What an agency says to a server.
extension Peer {
  /// The server's next message, or nil if it has closed the connection.
  package func receive() async throws -> ServerMessage? {
    let header = try await receive(ProtocolLimits.frameHeaderSize)
    guard header.count == ProtocolLimits.frameHeaderSize else { return nil }
    let length = header.reduce(0) { $0 << 8 | UInt32($1) }
    guard ProtocolLimits.frameLength.contains(Int(length)) else {
      throw WireError.frameLength(length)
    }
    let frame = try await receive(Int(length))
    return frame.count == length ? try ServerMessage(frame: frame.span) : nil
  }

  /// All messages until the server closes the connection.
  package func receiveMessages() async throws -> [ServerMessage] {
    var messages: [ServerMessage] = []
    while let message = try await receive() { messages.append(message) }
    return messages
  }

  /// Sends `frames`, and expects the next message to be `expected`, nil being the connection's end.
  package func expect(
    _ expected: ServerMessage?, after frames: [UInt8]...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await send(frames.flatMap(\.self))
    let message = try await receive()
    #expect(message == expected, sourceLocation: sourceLocation)
  }

  @discardableResult
  package func greet() async throws -> ServerMessage? {
    try await send(Frames.hello(agency))
    return try await receive()
  }

  /// Says HELLO, stores all bets of this agency and says FINISHED, waiting for each answer.
  package func finish(with bets: [Bet]) async throws {
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
  package func askWinners() async throws -> [String] {
    try await send(Frames.winnersQuery)
    var winners: [String] = []
    while case .winners(let more, let documents) = try #require(try await receive()) {
      winners += documents
      if !more { return winners }
    }
    throw Unexpected()
  }

  /// Another message than WINNERS came.
  package struct Unexpected: Error {
    package init() {}
  }
}

/// Calls `body` with the address of a port of this machine.
package func withLoopback<Result>(
  _ port: UInt16, host: UInt8 = 1, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_port = port.bigEndian
  address.sin_addr.s_addr = (0x7F00_0000 | UInt32(host)).bigEndian
  return withUnsafePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
