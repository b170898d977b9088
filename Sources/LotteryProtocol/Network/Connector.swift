import Dispatch
import Glibc

/// A host and a port: `server:12345`, `[::1]:12345`.
public struct Endpoint: Hashable, Sendable, CustomStringConvertible {
  /// The name or the address, without brackets.
  public let host: String
  /// 1 to 65535.
  public let port: UInt16

  /// An endpoint whose values are not checked.
  package init(host: String, port: UInt16) {
    self.host = host
    self.port = port
  }

  /// Parses `text`. Returns nil if it is not a host and a port.
  public init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"),
      let port = UInt16(decimal: text[text.index(after: colon)...].utf8.span), port > 0
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      return nil
    }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
  }

  /// With the host in brackets if it contains a colon.
  public var description: String {
    host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

/// Resolves the name of a server and connects to one of its addresses.
public enum Connector {
  /// Why there is no connection.
  public enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    case cancelled
    case unresolved(host: String, reason: String)
    /// None of the server's addresses accepts a connection.
    case refused(SystemError)
    case timedOut

    /// One line that a person can act on.
    public var description: String {
      switch self {
      case .cancelled: "cancelled"
      case .unresolved(let host, let reason): "\(host): \(reason)"
      case .refused(let error): error.description
      case .timedOut: "no answer in time"
      }
    }
  }

  /// Connects to the first address of `endpoint` that accepts a connection. Each address gets an
  /// equal share of the time that is left, so that a silent one does not keep the next from being
  /// tried.
  ///
  /// The task must run on `worker`, which serves the connection from then on.
  /// - Parameter deadline: the time at which this gives up; nil for never.
  public static func open(
    _ endpoint: Endpoint, worker: Worker, until deadline: ContinuousClock.Instant? = nil
  ) async throws(Failure) -> Connection.Handle {
    let addresses = try await resolve(endpoint, until: deadline)
    var failure = Failure.unresolved(host: endpoint.host, reason: "no address")
    for (index, address) in addresses.enumerated() {
      let share = deadline.map { end in
        let now = ContinuousClock.now
        return now + now.duration(to: end) / (addresses.count - index)
      }
      do throws(Failure) {
        return try await open(address, worker: worker, until: share)
      } catch {
        if error == .cancelled { throw error }
        failure = error
      }
    }
    throw failure
  }

  private static func open(
    _ address: ResolvedAddress, worker: Worker, until deadline: ContinuousClock.Instant?
  ) async throws(Failure) -> Connection.Handle {
    let handle: Connection.Handle
    do throws(SystemError) {
      handle = try Connection.Handle(
        address.startConnecting(), peer: nil, worker: worker, connecting: true)
    } catch {
      throw .refused(error)
    }
    handle.readiness.deadline = deadline
    await withTaskCancellationHandler {
      await handle.readiness.wait(for: .writing)
    } onCancel: {
      handle.interrupt(.cancelled)
    }
    handle.readiness.deadline = nil
    guard let failure = handle.failureToConnect() else { return handle }
    handle.close()
    throw failure
  }

  /// Resolves the name on a thread of its own, because getaddrinfo(3) blocks.
  private static func resolve(
    _ endpoint: Endpoint, until deadline: ContinuousClock.Instant?
  ) async throws(Failure) -> [ResolvedAddress] {
    // A numeric address needs no name server, and no thread.
    if case .success(let numeric) = ResolvedAddress.all(of: endpoint, flags: AI_NUMERICHOST) {
      return numeric
    }
    let answer = Promise<Result<[ResolvedAddress], Failure>>()
    DispatchQueue(label: "resolver").async { answer.fulfill(ResolvedAddress.all(of: endpoint)) }
    if let deadline {
      Timers.after(ContinuousClock.now.duration(to: deadline)) {
        answer.fulfill(.failure(.timedOut))
      }
    }
    guard let answer = await answer.wait() else { throw .cancelled }
    return try answer.get()
  }
}

extension Connection.Handle {
  /// Why an attempt to connect failed, if it did.
  fileprivate func failureToConnect() -> Connector.Failure? {
    if (try? checkInterrupt()) == nil { return .cancelled }
    // Neither connected nor refused: the deadline has ended the wait.
    guard socket.isWritable() else { return .timedOut }
    do throws(SystemError) {
      return try socket.pendingError().map(Connector.Failure.refused)
    } catch {
      return .refused(error)
    }
  }
}

/// One address of a server, as getaddrinfo(3) returns it.
struct ResolvedAddress: Sendable {
  private let family: Int32
  /// The bytes of a `sockaddr` of that family.
  private let bytes: [UInt8]

  /// The addresses of `endpoint`, in the order in which to try them.
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
      let code = bytes.withUnsafeBytes { raw in
        // The pointer is valid during the call. The bytes are a whole `sockaddr`.
        let address = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self)
        return connect(socket.descriptor, address, socklen_t(raw.count)) == 0 ? 0 : errno
      }
      // Not repeated after EINTR: the kernel goes on with the attempt (connect(2)).
      guard code == 0 || code == EINPROGRESS || code == EINTR else {
        throw SystemError("connect", code: code)
      }
    }
    return socket
  }
}
