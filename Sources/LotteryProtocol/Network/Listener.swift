package final class Listener: Sendable {
  package let port: UInt16

  private let socket: Socket
  private let readiness: Readiness

  /// Listens on all IPv4 addresses of this machine.
  ///
  /// - Parameters:
  ///   - port: the port; 0 for any free one.
  ///   - backlog: connections that the kernel keeps until they are accepted (listen(2)).
  /// - Throws: ``SystemError``, for example if the port is in use.
  package init(port: UInt16, backlog: Int32) throws(SystemError) {
    let socket = try Socket.listening(port: port, backlog: backlog)
    self.socket = socket
    (self.port, readiness) = try onError(socket.close) { () throws(SystemError) in
      (try socket.port(), try Readiness(of: socket.descriptor))
    }
  }

  /// Waits for the next connection, which gets a worker of its own.
  ///
  /// - Returns: the connection, or nil if the task is cancelled.
  /// - Throws: ``SystemError``. If accept4(2) failed with `EMFILE`, `ENFILE`, `ENOBUFS` or
  ///   `ENOMEM`, the connection stays in the queue, and the caller can retry when there is room. If
  ///   the poller could not watch the accepted socket, the socket has been closed.
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
