import CLinux
import Glibc

/// Where connections arrive.
package final class Listener: Sendable {
  /// The port it listens on.
  package let port: UInt16

  private let socket: Socket
  private let readiness: Readiness

  /// Listens on all IPv4 addresses of this machine.
  ///
  /// - Parameters:
  ///   - port: 0 for any that is free.
  ///   - backlog: connections that the kernel keeps until they are accepted (listen(2)).
  /// - Throws: ``SystemError``, for example because the port is taken.
  package init(port: UInt16, backlog: Int32) throws(SystemError) {
    socket = try Socket.listening(port: port, backlog: backlog)
    do throws(SystemError) {
      self.port = try socket.port()
      readiness = try Readiness(of: socket.descriptor)
    } catch {
      socket.close()
      throw error
    }
  }

  /// Waits for the next connection. Each gets a worker of its own.
  ///
  /// - Throws: ``ChannelError``; with `EMFILE`, `ENFILE`, `ENOBUFS` or `ENOMEM` the connection
  ///   stays in the queue and the call can be made again when there is room.
  package func accept() async throws(ChannelError) -> (Channel, Worker) {
    while true {
      if Task.isCancelled { throw .cancelled }
      do throws(SystemError) {
        if let (accepted, peer) = try socket.accept() {
          let worker = Worker(label: "connection \(peer)")
          return (try Channel(accepted, peer: peer, worker: worker), worker)
        }
      } catch {
        throw .broken(error)
      }
      await readiness.wait(for: .reading)
    }
  }

  /// Stops listening. When it returns, the port is free.
  package func close() {
    readiness.cancel()
    socket.close()
  }
}

extension Socket {
  /// A socket that listens on all IPv4 addresses of this machine.
  ///
  /// - Parameters:
  ///   - port: 0 for any that is free; ``port()`` tells which it became.
  ///   - backlog: connections that the kernel keeps until they are accepted (listen(2)).
  static func listening(port: UInt16, backlog: Int32) throws(SystemError) -> Socket {
    let socket = try Socket(family: AF_INET)
    do throws(SystemError) {
      try socket.setOption(SO_REUSEADDR, to: 1)
      // Once for all connections, instead of six calls for each.
      try socket.configureConnection()
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      try SystemError.check("bind") {
        withSockaddr(&address) { bind(socket.descriptor, $0, $1) }
      }
      try SystemError.check("listen") { listen(socket.descriptor, backlog) }
      return socket
    } catch {
      socket.close()
      throw error
    }
  }

  /// The port that the socket is bound to.
  func port() throws(SystemError) -> UInt16 {
    var address = sockaddr_in()
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    try SystemError.check("getsockname") {
      withSockaddr(&address) { pointer, _ in getsockname(descriptor, pointer, &size) }
    }
    return UInt16(bigEndian: address.sin_port)
  }

  private static let flags = SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue

  /// The next connection that waits, or nil if none does.
  ///
  /// A connection that broke while it waited is passed over.
  func accept() throws(SystemError) -> (Socket, PeerAddress)? {
    while true {
      var address = sockaddr_in()
      var size = socklen_t(MemoryLayout<sockaddr_in>.size)
      let accepted: Int32
      do throws(SystemError) {
        accepted = try SystemError.check("accept") {
          withSockaddr(&address) { pointer, _ in
            accept4(descriptor, pointer, &size, Int32(Self.flags))
          }
        }
      } catch {
        if error.code == EAGAIN { return nil }
        if error.isOfPeer { continue }
        throw error
      }
      return (Socket(accepted: accepted), PeerAddress(address))
    }
  }
}

/// Lends `address` to a call that wants the general type. The pointer ends with the call.
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
  /// Whether `accept` reports with it what befell the connection and not this process (accept(2)).
  fileprivate var isOfPeer: Bool {
    switch code {
    case ECONNABORTED, EPROTO, EPERM, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH,
      EOPNOTSUPP, ENETUNREACH:
      true
    default: false
    }
  }
}
