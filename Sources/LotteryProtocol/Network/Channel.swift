public import LotteryCore
import Glibc
import Synchronization

/// A connection that reads like a blocking one and suspends its task instead of its thread.
///
/// Short reads and short writes end here: ``receive(into:)`` gives whatever has arrived and leaves
/// it to the decoder whether that is enough, ``send(_:)`` returns when the kernel has taken all of
/// it. One task uses a channel at a time, and whoever made it calls ``close()``, once.
public final class Channel: Sendable {
  /// Who is at the other end, where that is known.
  public let peer: PeerAddress?

  let socket: Socket
  private let worker: Worker
  let readiness: Readiness
  /// Receives that found bytes at once, since the last that had to wait.
  private let immediate = Atomic(0)
  /// Receives that find bytes at once after which other workers have their turn.
  private static let receivesInATurn = 4
  /// Whether a write ended in the middle of a message.
  private let isCutShort = Atomic(false)

  /// A channel over a socket that is connected or connecting, which from now on belongs to it.
  ///
  /// - Throws: ``SystemError`` if the kernel cannot watch one more socket. Then it is closed.
  init(_ socket: Socket, peer: PeerAddress?, worker: Worker) throws(SystemError) {
    self.socket = socket
    self.peer = peer
    self.worker = worker
    do throws(SystemError) {
      readiness = try Readiness(of: socket.descriptor)
    } catch {
      socket.close()
      throw error
    }
  }

  /// Waits until bytes arrive, and puts them into `buffer`, which must not be full.
  ///
  /// An empty buffer gives its memory back while it waits.
  ///
  /// - Returns: how many bytes arrived; 0 means that the peer will send no more.
  /// - Throws: ``ChannelError``
  public func receive(into buffer: inout InputBuffer) async throws(ChannelError) -> Int {
    precondition(!buffer.isFull, "no room to receive into")
    var hasWaited = false
    while true {
      // First of all, so that a peer that always has something to say cannot hold up the end.
      if Task.isCancelled { throw .cancelled }
      if let count = try receiveNow(into: &buffer) {
        if hasWaited {
          immediate.store(0, ordering: .relaxed)
        } else if immediate.add(1, ordering: .relaxed).newValue % Self.receivesInATurn == 0 {
          // Nor may it keep the thread from all others.
          await worker.yield()
        }
        return count
      }
      buffer.releaseIfEmpty()
      await readiness.wait(for: .reading)
      hasWaited = true
    }
  }

  /// Puts into `buffer` what has arrived already.
  ///
  /// - Returns: how many bytes that were, 0 where the peer will send no more, nil where nothing has
  ///   arrived.
  public func receiveNow(into buffer: inout InputBuffer) throws(ChannelError) -> Int? {
    var wouldBlock = false
    do throws(SystemError) {
      let count = try buffer.fill { room throws(SystemError) in
        switch try socket.receive(into: room) {
        case .bytes(let count): return count
        case .end: return 0
        case .wouldBlock:
          wouldBlock = true
          return 0
        }
      }
      return wouldBlock ? nil : count
    } catch {
      throw .broken(error)
    }
  }

  /// Returns when the kernel has taken all of `bytes`, which it is given in pieces of at most
  /// ``ProtocolLimits/packetSize`` bytes: 8 kB hold for each send(2), too.
  ///
  /// - Parameter onProgress: is called whenever it has taken more of them after a wait.
  /// - Throws: ``ChannelError``; part of the bytes may have been sent, and then nothing can be sent
  ///   any more, because the peer would take it for the rest.
  public func send(
    _ bytes: [UInt8], onProgress: () -> Void = {}
  ) async throws(ChannelError) {
    try await send(bytes[...], onProgress: onProgress)
  }

  /// Returns when the kernel has taken all of these bytes, likewise.
  public func send(
    _ bytes: ArraySlice<UInt8>, onProgress: () -> Void = {}
  ) async throws(ChannelError) {
    if isCutShort.load(ordering: .relaxed) { throw .broken(SystemError("send", code: EPIPE)) }
    var sent = 0
    while sent < bytes.count {
      if let count = try sendNow(bytes, from: sent) {
        if sent > 0 { onProgress() }
        sent += count
      } else {
        await readiness.wait(for: .writing)
        if Task.isCancelled {
          isCutShort.store(sent > 0, ordering: .relaxed)
          throw .cancelled
        }
      }
    }
  }

  /// Whether the connection is broken, as far as the kernel knows. A peer that says nothing more has
  /// not broken it.
  public var isBroken: Bool { socket.isBroken() }

  /// Says that nothing more will be sent, and takes in what the peer still sends, up to `limit`
  /// bytes, until it closes or the task is cancelled.
  ///
  /// A socket closed over unread bytes resets the connection, and the reset destroys the last
  /// message on its way: whoever ends a connection with an ERROR lets it arrive first.
  public func drain(limit: Int) async {
    socket.shutdownWriting()
    var buffer = InputBuffer(capacity: 8192)
    var taken = 0
    while taken < limit, let count = try? await receive(into: &buffer), count > 0 {
      buffer.consume(count)
      taken += count
    }
  }

  /// Waits until an attempt to connect has come to its end.
  ///
  /// - Throws: ``ChannelError``
  func finishConnecting() async throws(ChannelError) {
    await readiness.wait(for: .writing)
    if Task.isCancelled { throw .cancelled }
    do throws(SystemError) {
      if let error = try socket.pendingError() { throw error }
    } catch {
      throw .broken(error)
    }
  }

  /// Closes the connection. When it returns, the descriptor is free.
  public func close() {
    readiness.cancel()
    socket.close()
  }

  private func sendNow(_ bytes: ArraySlice<UInt8>, from start: Int) throws(ChannelError) -> Int? {
    do throws(SystemError) {
      let end = min(bytes.count, start + ProtocolLimits.packetSize)
      return try socket.send(bytes.span.extracting(start..<end))
    } catch {
      throw .broken(error)
    }
  }
}

/// Why a channel cannot go on.
public enum ChannelError: Error, Hashable, Sendable {
  /// The task that uses it was cancelled.
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
  /// Returns when the kernel has taken all of `frames`, each with a send of its own: no packet that
  /// leaves here holds more than one message.
  ///
  /// - Throws: ``ChannelError``, like ``send(_:onProgress:)``.
  public func send(frames: [UInt8]) async throws(ChannelError) {
    var rest = frames[...]
    while let frame = try? frames.span.nextFrame(in: rest.indices) {
      try await send(frames[rest.startIndex..<frame.upperBound])
      rest = frames[frame.upperBound...]
    }
    try await send(rest)
  }
}
