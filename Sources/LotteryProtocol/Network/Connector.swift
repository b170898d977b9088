import Dispatch
import Glibc
import LotteryCore

/// Connects to a server.
public enum Connector {
  /// Why there is no connection.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// The task was cancelled.
    case cancelled
    /// The server's name cannot be resolved.
    case unresolved(host: String, reason: String)
    /// None of the server's addresses accepts a connection.
    case refused(SystemError)

    /// One line that a person can act on.
    public var description: String {
      switch self {
      case .cancelled: "cancelled"
      case .unresolved(let host, let reason): "\(host): \(reason)"
      case .refused(let error): error.description
      }
    }
  }

  /// Connects to the first address of `endpoint` that accepts a connection.
  ///
  /// The task must run on `worker`, which serves the connection from then on.
  ///
  /// - Throws: ``Failure``
  public static func connect(
    to endpoint: Endpoint, worker: Worker
  ) async throws(Failure) -> Channel {
    let addresses = await resolve(endpoint)
    if Task.isCancelled { throw .cancelled }
    var failure = Failure.unresolved(host: endpoint.host, reason: "no address")
    for address in try addresses.get() {
      do throws(ChannelError) {
        return try await connect(to: address, worker: worker)
      } catch {
        switch error {
        case .cancelled: throw .cancelled
        case .broken(let error): failure = .refused(error)
        }
      }
    }
    throw failure
  }

  private static func connect(
    to address: ResolvedAddress, worker: Worker
  ) async throws(ChannelError) -> Channel {
    let channel = try startConnecting(to: address, worker: worker)
    do throws(ChannelError) {
      try await channel.finishConnecting()
      return channel
    } catch {
      channel.close()
      throw error
    }
  }

  private static func startConnecting(
    to address: ResolvedAddress, worker: Worker
  ) throws(ChannelError) -> Channel {
    try mapError(ChannelError.broken) { () throws(SystemError) in
      try Channel(address.startConnecting(), peer: nil, worker: worker, connecting: true)
    }
  }

  /// Resolves the name on a thread of its own, because getaddrinfo(3) blocks.
  private static func resolve(_ endpoint: Endpoint) async -> Result<[ResolvedAddress], Failure> {
    // A numeric address needs no name server, and no thread.
    let numeric = ResolvedAddress.all(of: endpoint, flags: AI_NUMERICHOST)
    if case .success = numeric { return numeric }
    let answer = Promise<Result<[ResolvedAddress], Failure>>()
    DispatchQueue(label: "resolver").async { answer.fulfill(ResolvedAddress.all(of: endpoint)) }
    return await answer.wait() ?? .failure(.cancelled)
  }
}

/// One address of a server, as getaddrinfo(3) returns it.
struct ResolvedAddress: Sendable {
  private let family: Int32
  /// The bytes of a `sockaddr` of that family.
  private let bytes: [UInt8]

  /// Returns the addresses of `endpoint`, in the order in which to try them.
  static func all(
    of endpoint: Endpoint, flags: Int32 = 0
  ) -> Result<[ResolvedAddress], Connector.Failure> {
    var hints = addrinfo()
    hints.ai_flags = flags
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
      // The list is valid until `freeaddrinfo`. The address is copied before that.
      let raw = UnsafeRawBufferPointer(start: info.ai_addr, count: Int(info.ai_addrlen))
      addresses.append(ResolvedAddress(family: info.ai_family, bytes: Array(raw)))
      next = info.ai_next
    }
    return .success(addresses)
  }

  /// Starts to connect, and returns the socket at once. The socket becomes ready for writing when
  /// it is connected or the attempt has failed (connect(2), EINPROGRESS).
  func startConnecting() throws(SystemError) -> Socket {
    let socket = try Socket(family: family)
    try onError(socket.close) { () throws(SystemError) in
      try socket.configureConnection()
      try connect(socket)
    }
    return socket
  }

  private func connect(_ socket: Socket) throws(SystemError) {
    let code = bytes.withUnsafeBytes { raw in
      // The pointer is valid during the call. The bytes are a whole `sockaddr`.
      let result = Glibc.connect(
        socket.descriptor, raw.baseAddress?.assumingMemoryBound(to: sockaddr.self),
        socklen_t(raw.count))
      return result == 0 ? 0 : errno
    }
    // Not repeated after EINTR: the kernel goes on with the attempt (connect(2)).
    guard code == 0 || code == EINPROGRESS || code == EINTR else {
      throw SystemError("connect", code: code)
    }
  }
}
