import Glibc

/// A non-blocking TCP socket over IPv4 or IPv6: thin, typed system calls.
///
/// It does not own its descriptor: the owner calls ``close()``, once.
package struct Socket: Sendable {
  package let descriptor: Int32

  /// O_CLOEXEC of sockets: a program that is started later does not inherit them.
  static let flags = SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue

  init(family: Int32) throws(SystemError) {
    let type = SOCK_STREAM.rawValue | Self.flags
    descriptor = try SystemError.check("socket") { Glibc.socket(family, Int32(type), 0) }
  }

  /// Takes over a connection that accept4(2) returned non-blocking.
  init(accepted descriptor: Int32) { self.descriptor = descriptor }

  /// Receives what has arrived into `room`, which must not be empty.
  /// - Returns: the number of bytes: 0 if the peer will send no more, nil if nothing has arrived.
  func receive(into room: UnsafeMutableRawBufferPointer) throws(SystemError) -> Int? {
    try SystemError.checkUnlessItBlocks("recv") {
      recv(descriptor, room.baseAddress, room.count, 0)
    }
  }

  /// Sends as much as the kernel takes.
  /// - Parameter more: whether more is sent at once after `bytes`. The kernel may wait for it with
  ///   bytes that do not fill a segment (send(2), MSG_MORE).
  /// - Returns: the number of bytes, or nil if the kernel takes none at the moment.
  func send(_ bytes: Span<UInt8>, more: Bool = false) throws(SystemError) -> Int? {
    // MSG_NOSIGNAL: a closed connection is an error to handle, not a SIGPIPE.
    let flags = Int32(MSG_NOSIGNAL | (more ? MSG_MORE : 0))
    return try SystemError.checkUnlessItBlocks("send") {
      bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, flags) }
    }
  }

  /// Whether a send would take bytes or fail, and an attempt to connect has ended (poll(2)). If
  /// that cannot be known, a send tells.
  func isWritable() -> Bool {
    var watched = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&watched, 1, 0) != 0
  }

  func shutdownWriting() { _ = Glibc.shutdown(descriptor, Int32(SHUT_WR)) }

  /// Closes the descriptor. Linux frees it whatever `close` returns (close(2)).
  func close() { _ = Glibc.close(descriptor) }

  func setOption(
    _ name: Int32, of level: Int32 = SOL_SOCKET, to value: Int32
  ) throws(SystemError) {
    var value = value
    try SystemError.check("setsockopt") {
      setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
    }
  }

  /// The error that an attempt to connect ended with, if any.
  func pendingError() throws(SystemError) -> SystemError? {
    var code: Int32 = 0
    var size = socklen_t(MemoryLayout<Int32>.size)
    try SystemError.check("getsockopt") {
      getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &size)
    }
    return code == 0 ? nil : SystemError("connect", code: code)
  }
}

extension Socket {
  /// When TCP notices that a peer has vanished (tcp(7)). It also does while an agency waits for the
  /// draw and neither side sends anything.
  enum Liveness {
    static let idle: Int32 = 20  // Seconds of silence before the first probe.
    static let interval: Int32 = 10  // Seconds between probes.
    static let probes: Int32 = 3  // Probes without an answer before the connection breaks.
    static let userTimeout: Int32 = 50_000  // Milliseconds that bytes may go unacknowledged.
  }

  /// Makes a connection send at once and notice within a minute that its peer has vanished. A
  /// listening socket hands these options on to the connections that it accepts (tcp(7)).
  func configureConnection() throws(SystemError) {
    let tcp = Int32(IPPROTO_TCP)
    try setOption(TCP_NODELAY, of: tcp, to: 1)
    try setOption(SO_KEEPALIVE, to: 1)
    try setOption(TCP_KEEPIDLE, of: tcp, to: Liveness.idle)
    try setOption(TCP_KEEPINTVL, of: tcp, to: Liveness.interval)
    try setOption(TCP_KEEPCNT, of: tcp, to: Liveness.probes)
    try setOption(TCP_USER_TIMEOUT, of: tcp, to: Liveness.userTimeout)
  }
}
