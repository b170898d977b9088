@testable import LotteryCore
@testable import LotteryProtocol
import TestSupport

/// Runs `body` on the worker of a connection that was accepted over loopback, and closes both ends.
///
/// - Parameters:
///   - receiveBuffer: bytes that the kernel may keep for the other end, where that matters.
///   - body: gets our end, which it does not close, and the other one.
func withConnection(
  receiveBuffer: Int32? = nil,
  _ body: @escaping @Sendable (Channel, Peer) async throws -> Void
) async throws {
  let listener = try Listener(port: 0, backlog: 16)
  let peer = try Peer(port: listener.port, receiveBuffer: receiveBuffer)
  let (channel, worker) = try await listener.accept()
  listener.close()
  let outcome = await Task(executorPreference: worker) { try await body(channel, peer) }.result
  channel.close()
  peer.close()
  try outcome.get()
}

extension Channel {
  /// Whether a task waits for bytes that have not arrived.
  var isAwaited: Bool { readiness.isAwaited(for: .reading) }

  /// Receives until `count` bytes are there or no more come.
  func receive(_ count: Int) async throws(ChannelError) -> [UInt8] {
    var buffer = InputBuffer(capacity: count)
    while !buffer.isFull, try await receive(into: &buffer) > 0 {}
    return buffer.unreadBytes
  }
}

/// Returns once `condition` holds.
///
/// It sleeps between two looks: `Task.yield()` would keep the thread of a worker (see ``Worker/yield()``),
/// and there are as few threads as cores.
func until(_ condition: () -> Bool) async {
  while !condition() { try? await Task.sleep(for: .milliseconds(1)) }
}
