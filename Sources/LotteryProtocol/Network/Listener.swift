import CLinux
import Glibc

package final class Listener: Sendable {
  package let port: UInt16

  private let socket: Socket
  private let readiness: Readiness

  /// Listens on all IPv4 addresses of this machine.
  /// - Parameters:
  ///   - port: the port; 0 for any free one.
  ///   - backlog: connections that the kernel keeps until they are accepted (listen(2)).
  package init(port: UInt16, backlog: Int32) throws(SystemError) {
    let socket = try Socket(family: AF_INET)
    self.socket = socket
    (self.port, readiness) = try onError(socket.close) { () throws(SystemError) in
      try socket.listen(port: port, backlog: backlog)
      return (try socket.port(), try Readiness(of: socket.descriptor))
    }
  }

  /// Waits for the next connection, which gets a worker of its own.
  /// - Returns: nil if the task is cancelled.
  /// - Throws: ``SystemError``. After `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM` of accept4(2) the
  ///   connection stays in the queue, and the caller can retry when there is room. If the poller
  ///   could not watch the accepted socket, the socket has been closed.
  package func accept() async throws(SystemError) -> Connection.Handle? {
    while !Task.isCancelled {
      if let (accepted, peer) = try socket.accept() {
        return try Connection.Handle(
          accepted, peer: peer, worker: Worker(label: "connection \(peer)"))
      }
      await readiness.waitUnlessCancelled(for: .reading)
    }
    return nil
  }

  /// Stops listening. The port is free when it returns.
  package func close() {
    readiness.cancel()
    socket.close()
  }
}

/// The IPv4 address of the other end of a connection.
public struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
  /// In dotted decimal.
  public let ip: String
  /// Whether the peer is on this machine.
  public let isLoopback: Bool

  fileprivate init(_ address: sockaddr_in) {
    var text = [CChar](repeating: 0, count: Int(INET_ADDRSTRLEN))
    var binary = address.sin_addr
    inet_ntop(AF_INET, &binary, &text, socklen_t(text.count))
    ip = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    isLoopback = UInt32(bigEndian: address.sin_addr.s_addr) >> 24 == 127
  }

  /// The same as ``ip``.
  public var description: String { ip }
}

extension Socket {
  fileprivate func listen(port: UInt16, backlog: Int32) throws(SystemError) {
    try setOption(SO_REUSEADDR, to: 1)
    // Once for all connections, instead of six calls for each.
    try configureConnection()
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    try SystemError.check("bind") { withSockaddr(&address) { bind(descriptor, $0, $1) } }
    try SystemError.check("listen") { Glibc.listen(descriptor, backlog) }
  }

  func port() throws(SystemError) -> UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    try SystemError.check("getsockname") {
      withSockaddr(&address) { pointer, _ in getsockname(descriptor, pointer, &size) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  /// The next pending connection; nil if there is none. Skips those that broke while they were
  /// pending.
  fileprivate func accept() throws(SystemError) -> (Socket, PeerAddress)? {
    while true {
      var address = sockaddr_in()
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      do throws(SystemError) {
        let accepted = try SystemError.checkUnlessItBlocks("accept") {
          withSockaddr(&address) { pointer, _ in
            accept4(descriptor, pointer, &size, Int32(Self.flags))
          }
        }
        return accepted.map { (Socket(accepted: $0), PeerAddress(address)) }
      } catch {
        if !error.isOfPeer { throw error }
      }
    }
  }
}

/// Passes `address` to a call as the general type. The pointer is valid during the call.
private func withSockaddr<Result>(
  _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}

extension SystemError {
  /// Whether `accept` reports an error of the connection rather than of this process (accept(2)).
  fileprivate var isOfPeer: Bool {
    switch code {
    case ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
      EOPNOTSUPP, ENETUNREACH:
      true
    default: false
    }
  }
}
