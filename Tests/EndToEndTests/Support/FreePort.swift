import Foundation
import Synchronization

/// Ports for servers that must come back on the same one.
///
/// They lie below those that the kernel hands out by itself (ip(7), ip_local_port_range), so that no
/// connection and no other test gets one meanwhile.
enum FreePort {
  private static let last = Mutex(UInt16.random(in: 15_000..<25_000))

  /// A port on which nobody listens, and that was not given out before.
  static func next() throws -> UInt16 {
    for _ in 0..<1000 {
      let port = last.withLock { last in
        last += 1
        return last
      }
      if isFree(port) { return port }
    }
    throw POSIXError(.EADDRINUSE)
  }

  private static func isFree(_ port: UInt16) -> Bool {
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(listener, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
