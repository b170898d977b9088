import Glibc
import LotteryProtocol

/// Ports to listen on.
enum Port {
  /// Below those that the kernel gives to whoever connects. A new one for each run, so that the
  /// closed connections of the run before are in nobody's way.
  private static let range: ClosedRange<UInt16> = 15000...32000

  /// One that nobody listens on.
  static func free() throws(BenchError) -> UInt16 {
    for _ in 0..<100 {
      let port = UInt16.random(in: range)
      if try BenchError.naming("port", { () throws(SystemError) in try isFree(port) }) {
        return port
      }
    }
    throw .unexpected("no free port found from \(range.lowerBound) to \(range.upperBound)")
  }

  private static func isFree(_ port: UInt16) throws(SystemError) -> Bool {
    let descriptor = try SystemError.check("socket") {
      socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    // The pointer is lent for the call only; a sockaddr_in is a sockaddr (ip(7)).
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
  }
}
