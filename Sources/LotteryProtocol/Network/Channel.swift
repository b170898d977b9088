public import LotteryCore
import Glibc
import Synchronization

/// A connection that is used like a blocking one, and suspends the task instead of blocking the
/// thread.
///
/// Short reads and short writes are handled here. TCP carries a stream of bytes without boundaries:
/// recv(2) returns what has arrived, which may be half a message or three, and send(2) takes what
/// fits into the kernel's buffer. ``receive(into:)`` returns what has arrived, and the decoder
/// decides whether that is a whole message. ``send(_:onProgress:)`` returns when the kernel has
/// taken all bytes.
///
/// Each call first tries. If the kernel answers `EAGAIN`, the task waits for ``Readiness`` and
/// tries again. One task uses a channel at a time. Its owner calls ``close()``, once.
public final class Channel: Sendable {
  /// The address of the other end. Nil for a connection that this process made.
  public let peer: PeerAddress?

  package let socket: Socket
  private let worker: Worker
  let readiness: Readiness
  /// Bytes that were there at once, since the last receive that had to wait or the last turn of
  /// other workers. A receive of few bytes counts as ``leastReceive``.
  private let immediate = Atomic(0)
  /// Bytes that are there at once after which other workers have their turn.
  static let bytesInATurn = 64 * 1024
  private static let leastReceive = 16 * 1024
  /// Whether a send was cancelled after part of its bytes. Then nothing more is sent: the peer
  /// would take it for the rest of those bytes.
  private let isCutShort = Atomic(false)

  /// Takes over a socket that is connected or connecting.
  ///
  /// - Throws: ``SystemError`` if the kernel cannot watch one more socket. The socket is closed
  ///   then.
  init(
    _ socket: Socket, peer: PeerAddress?, worker: Worker, connecting: Bool = false
  ) throws(SystemError) {
    self.socket = socket
    self.peer = peer
    self.worker = worker
    readiness = try onError(socket.close) { () throws(SystemError) in
      try Readiness(of: socket.descriptor, writing: connecting)
    }
  }

  /// Takes over an accepted connection.
  package init(_ accepted: Connection.Handle) {
    socket = accepted.socket
    peer = accepted.peer
    worker = accepted.worker
    readiness = accepted.readiness
  }

  /// Waits until bytes arrive, and appends them to `buffer`, which must not be full.
  ///
  /// An empty buffer releases its memory during the wait.
  ///
  /// - Returns: the number of bytes; 0 if the peer will send no more.
  /// - Throws: ``ChannelError``
  public func receive(into buffer: inout InputBuffer) async throws(ChannelError) -> Int {
    precondition(!buffer.isFull, "no room to receive into")
    var hasWaited = false
    while true {
      // First, so that a peer that sends without end cannot delay the cancellation.
      if Task.isCancelled { throw .cancelled }
      if let count = try receiveNow(into: &buffer) {
        if hasWaited {
          immediate.store(0, ordering: .relaxed)
        } else if tookItsTurn(by: count) {
          // Such a peer must not keep the thread from other workers either.
          await worker.yield()
        }
        return count
      }
      buffer.releaseIfEmpty()
      await readiness.waitUnlessCancelled(for: .reading)
      hasWaited = true
    }
  }

  /// Appends to `buffer` what has already arrived.
  ///
  /// - Returns: the number of bytes; 0 if the peer will send no more; nil if nothing has arrived.
  public func receiveNow(into buffer: inout InputBuffer) throws(ChannelError) -> Int? {
    var wouldBlock = false
    let count = try mapError(ChannelError.broken) { () throws(SystemError) in
      try buffer.fill { room throws(SystemError) in
        switch try socket.receive(into: room) {
        case .bytes(let count): return count
        case .end: return 0
        case .wouldBlock:
          wouldBlock = true
          return 0
        }
      }
    }
    return wouldBlock ? nil : count
  }

  /// Sends all of `bytes`: returns when the kernel has taken them. Each send(2) gets at most
  /// ``ProtocolLimits/packetSize`` bytes.
  ///
  /// - Parameter onProgress: called each time the kernel has taken more bytes after the first.
  /// - Throws: ``ChannelError``. If part of the bytes was sent, all later sends fail.
  public func send(
    _ bytes: [UInt8], onProgress: () -> Void = {}
  ) async throws(ChannelError) {
    try await send(bytes[...], onProgress: onProgress)
  }

  /// Sends all of `bytes`, like ``send(_:onProgress:)``.
  ///
  /// - Parameter more: whether more is sent right afterwards.
  public func send(
    _ bytes: ArraySlice<UInt8>, more: Bool = false, onProgress: () -> Void = {}
  ) async throws(ChannelError) {
    if isCutShort.load(ordering: .relaxed) { throw .broken(SystemError("send", code: EPIPE)) }
    var sent = 0
    while sent < bytes.count {
      if let count = try sendNow(bytes, from: sent, more: more) {
        if sent > 0 { onProgress() }
        sent += count
      } else {
        await readiness.waitUnlessCancelled(for: .writing)
        if Task.isCancelled {
          isCutShort.store(sent > 0, ordering: .relaxed)
          throw .cancelled
        }
      }
    }
  }

  /// Whether the connection is broken, as far as the kernel knows. A peer that sends no more has
  /// not broken it.
  public var isBroken: Bool { socket.isBroken() }

  /// Stops sending, and discards what the peer still sends: up to `limit` bytes, until the peer
  /// closes the connection or the task is cancelled.
  ///
  /// To be called before ``close()`` after an ERROR. A socket that is closed over unread bytes
  /// resets the connection, and a reset can destroy a message that the peer has not read yet.
  public func drain(limit: Int) async {
    socket.shutdownWriting()
    var buffer = InputBuffer(capacity: 8192)
    var taken = 0
    while taken < limit, let count = try? await receive(into: &buffer), count > 0 {
      buffer.consume(count)
      taken += count
    }
  }

  /// Waits until an attempt to connect has ended.
  ///
  /// - Throws: ``ChannelError``
  func finishConnecting() async throws(ChannelError) {
    await readiness.waitUnlessCancelled(for: .writing)
    if Task.isCancelled { throw .cancelled }
    try checkConnected()
  }

  private func checkConnected() throws(ChannelError) {
    try mapError(ChannelError.broken) { () throws(SystemError) in
      if let error = try socket.pendingError() { throw error }
    }
  }

  /// Closes the connection. The descriptor is free when it returns.
  public func close() {
    readiness.cancel(closing: true)
    socket.close()
  }

  /// Counts `count` bytes that were there at once, and returns whether other workers are to have
  /// their turn.
  private func tookItsTurn(by count: Int) -> Bool {
    let taken = immediate.add(max(count, Self.leastReceive), ordering: .relaxed).newValue
    guard taken >= Self.bytesInATurn else { return false }
    immediate.store(0, ordering: .relaxed)
    return true
  }

  private func sendNow(
    _ bytes: ArraySlice<UInt8>, from start: Int, more: Bool
  ) throws(ChannelError) -> Int? {
    let end = min(bytes.count, start + ProtocolLimits.packetSize)
    return try mapError(ChannelError.broken) { () throws(SystemError) in
      try socket.send(bytes.span.extracting(start..<end), more: more || end < bytes.count)
    }
  }
}

/// Why a channel cannot be used any more.
public enum ChannelError: Error, Hashable, Sendable {
  /// The task was cancelled.
  case cancelled
  /// The connection broke.
  case broken(SystemError)
}

extension ChannelError: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .cancelled: "cancelled"
    case .broken(let error): error.description
    }
  }
}

extension Channel {
  /// Sends all of `frames`, each with a send(2) of its own, so that no call passes on more than one
  /// message. The kernel learns that more follows, and may put several into one segment: fewer
  /// segments wake the receiver less often.
  ///
  /// - Throws: ``ChannelError``, like ``send(_:onProgress:)``.
  public func send(frames: [UInt8]) async throws(ChannelError) {
    var rest = frames[...]
    while let frame = try? frames.span.nextFrame(in: rest.indices) {
      try await send(
        frames[rest.startIndex..<frame.upperBound], more: frame.upperBound < frames.endIndex)
      rest = frames[frame.upperBound...]
    }
    try await send(rest)
  }
}
