import Glibc

/// One address of a server, as getaddrinfo(3) gives it.
struct ResolvedAddress: Sendable {
  private let family: Int32
  /// The bytes of a `sockaddr` of that family.
  private let bytes: [UInt8]

  /// The addresses of `endpoint`, in the order in which they should be tried.
  static func all(of endpoint: Endpoint) -> Result<[ResolvedAddress], Connector.Failure> {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var list: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(endpoint.host, "\(endpoint.port)", &hints, &list)
    guard status == 0 else {
      return .failure(
        .unresolved(host: endpoint.host, reason: String(cString: gai_strerror(status))))
    }
    defer { freeaddrinfo(list) }
    var addresses: [ResolvedAddress] = []
    var next = list
    while let info = next?.pointee {
      // The list lives until `freeaddrinfo`; the address is copied out of it before.
      let raw = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
      addresses.append(ResolvedAddress(family: info.ai_family, bytes: Array(raw)))
      next = info.ai_next
    }
    return .success(addresses)
  }

  /// Begins to connect, and returns the socket at once: it can be written to when it is connected
  /// or has failed (connect(2), EINPROGRESS).
  func startConnecting() throws(SystemError) -> Socket {
    let socket = try Socket(family: family)
    do throws(SystemError) {
      try socket.configureConnection()
      try connect(socket)
      return socket
    } catch {
      socket.close()
      throw error
    }
  }

  private func connect(_ socket: Socket) throws(SystemError) {
    let code = bytes.withUnsafeBytes { raw in
      // The pointer is lent for the call; the bytes are a whole `sockaddr`.
      let result = Glibc.connect(
        socket.descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(raw.count))
      return result == 0 ? 0 : errno
    }
    // Not to be called again after EINTR: the attempt goes on by itself (connect(2)).
    guard code == 0 || code == EINPROGRESS || code == EINTR else {
      throw SystemError("connect", code: code)
    }
  }
}
