import Glibc
@testable import LotteryProtocol
import TestSupport
import Testing

/// Runs `body` on the worker of a connection that was accepted over loopback, and closes both ends.
///
/// - Parameters:
///   - capacity: the most bytes that our end holds.
///   - receiveBuffer: bytes that the kernel may keep for the other end, if that matters.
///   - body: gets our end, which it does not close, and the other one.
func withConnection(
  capacity: Int = 100, receiveBuffer: Int32? = nil,
  _ body: @escaping @Sendable (Connection, Peer) async throws -> Void
) async throws {
  let listener = try Listener(port: 0, backlog: 16)
  let peer = try Peer(port: listener.port, receiveBuffer: receiveBuffer)
  let handle = try #require(try await listener.accept())
  listener.close()
  let outcome = await Task(executorPreference: handle.worker) {
    try await body(Connection(handle, capacity: capacity), peer)
  }.result
  handle.close()
  peer.close()
  try outcome.get()
}

extension Socket {
  /// Whether a receive would return at once (poll(2)).
  func isReadable() -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return poll(&watched, 1, 0) > 0
  }
}

extension Connection {
  /// Receives until `count` bytes are there or no more come, and takes them.
  func receive(_ count: Int) async throws -> [UInt8] {
    while unread.count < count, try await fill() {}
    let bytes = Array(unread.prefix(count))
    consume(bytes.count)
    return bytes
  }

  /// Sends `bytes`.
  func send(_ bytes: [UInt8]) async throws {
    append(bytes)
    try await flush()
  }
}

/// Returns once the task is cancelled.
func untilCancelled() async { _ = await Promise<Void>().wait() }

/// Returns once `condition` holds.
///
/// It sleeps between two looks: `Task.yield()` would keep the thread of a worker (see
/// ``Worker/yield()``), and there are as few threads as cores.
func until(_ condition: () -> Bool) async {
  while !condition() { try? await Task.sleep(for: .milliseconds(1)) }
}

/// Two sockets that are connected, which no other program inherits.
func socketPair(_ kind: __socket_type...) throws -> [Int32] {
  var ends: [Int32] = [-1, -1]
  let type = kind.reduce(SOCK_CLOEXEC.rawValue) { $0 | $1.rawValue }
  try #require(socketpair(AF_UNIX, Int32(type), 0, &ends) == 0)
  return ends
}
