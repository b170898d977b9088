import TestSupport

@testable import LotteryProtocol

/// One direction of a connection: frames arrive in order, each some time after it was sent.
final class Wire: @unchecked Sendable {
  /// What is in flight.
  private let queue: WorkQueue
  /// Frames without their headers.
  private var arrived: [[UInt8]] = []
  /// Whether nothing more will arrive.
  private var isClosed = false
  private var reader: UnsafeContinuation<Void, Never>?

  init(in world: World) {
    queue = world.queue(of: .world)
  }

  /// Sends whole frames.
  func send(_ frames: [UInt8]) {
    var rest = frames[...]
    while rest.count >= 4 {
      let size = rest.prefix(4).reduce(0) { $0 << 8 | Int($1) }
      let frame = Array(rest.dropFirst(4).prefix(size))
      rest = rest.dropFirst(4 + size)
      queue.add {
        guard !self.isClosed else { return }
        self.arrived.append(frame)
        self.wakeReader()
      }
    }
  }

  /// Ends it after what was sent.
  func close() {
    queue.add { self.end() }
  }

  /// Ends it now. What is in flight is lost.
  func cut() {
    queue.clear()
    end()
  }

  /// Returns what has arrived since the last call, and waits for it if necessary; empty at the end.
  func receive() async -> [[UInt8]] {
    if arrived.isEmpty, !isClosed { await withUnsafeContinuation { reader = $0 } }
    defer { arrived = [] }
    return arrived
  }

  private func end() {
    isClosed = true
    wakeReader()
  }

  private func wakeReader() {
    defer { reader = nil }
    reader?.resume()
  }
}

/// A connection between an agency and the server.
struct Connection: Sendable {
  /// From the agency to the server.
  let up: Wire
  /// From the server to the agency.
  let down: Wire

  /// The network cuts it. Both sides learn of it.
  func cut() {
    up.cut()
    down.cut()
  }
}
