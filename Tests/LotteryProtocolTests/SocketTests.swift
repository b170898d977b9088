import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

/// How connections are accepted is tested with a server.
@Suite(.timeLimit(.minutes(10))) struct ListenerTests {
  @Test func `an accepted connection has its socket options, and knows its peer`() async throws {
    try await withConnection { connection, _ in
      let descriptor = connection.handle.socket.descriptor
      let tcp = Int32(IPPROTO_TCP)
      for (level, name, expected) in [
        (tcp, TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1),
        (tcp, TCP_KEEPIDLE, Socket.Liveness.idle), (tcp, TCP_KEEPINTVL, Socket.Liveness.interval),
        (tcp, TCP_KEEPCNT, Socket.Liveness.probes),
        (tcp, TCP_USER_TIMEOUT, Socket.Liveness.userTimeout),
      ] as [(Int32, Int32, Int32)] {
        var value: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        try #require(getsockopt(descriptor, level, name, &value, &size) == 0)
        #expect(value == expected, "option \(name)")
      }
      #expect(fcntl(descriptor, F_GETFL) & O_NONBLOCK != 0)
      #expect(fcntl(descriptor, F_GETFD) & FD_CLOEXEC != 0)
      #expect(connection.handle.peer?.ip == "127.0.0.1")
      #expect(connection.handle.peer?.isLoopback == true)
    }
  }
}

@Suite(.timeLimit(.minutes(10))) struct ConnectorTests {
  /// Connects on a worker of its own.
  private func connect(
    to text: String, within limit: Duration = .seconds(3600)
  ) async throws -> Connection.Handle {
    let endpoint = try #require(Endpoint(text))
    let worker = Worker(label: "test")
    return try await Task(executorPreference: worker) {
      try await Connector.open(endpoint, worker: worker, until: .now + limit)
    }.value
  }

  /// The kernel accepts it at once: it is taken also after the deadline.
  @Test(arguments: [("127.0.0.1", 3600), ("localhost", 3600), ("127.0.0.1", 0)])
  func `a server is found by address and by name`(host: String, seconds: Int) async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let handle = try await connect(to: "\(host):\(listener.port)", within: .seconds(seconds))
    let theirs = try Peer(try #require(try await listener.accept()))
    try await Task(executorPreference: handle.worker) {
      let ours = Connection(handle, capacity: 8)
      try await ours.send([1, 2, 3])
      #expect(try await theirs.receive(3) == [1, 2, 3])
    }.value
    handle.close()
    #expect(try await theirs.receive(1) == [])
    theirs.close()
    listener.close()
  }

  @Test func `a port without a listener refuses, and an invalid name is not resolved`() async throws
  {
    // Taken until the test is over.
    let taken = try Socket(family: AF_INET)
    defer { taken.close() }
    try SystemError.check("bind") { withLoopback(0) { bind(taken.descriptor, $0, $1) } }
    for (host, expected) in [
      ("127.0.0.1", "connect: Connection refused"), ("not a name", "not a name: "),
    ] {
      let error = await #expect(throws: Connector.Failure.self) {
        try await connect(to: "\(host):\(try taken.port())")
      }
      #expect(error?.description.hasPrefix(expected) == true, "\(error as Any)")
    }
  }

  @Test func `a server that does not accept is given up at the deadline`() async throws {
    // A listener with a full queue, which the kernel does not answer for.
    let silent = try Listener(port: 0, backlog: 0)
    let waiting = try Peer(port: silent.port)
    defer { waiting.close() }
    await #expect(throws: Connector.Failure.timedOut) {
      try await connect(to: "127.0.0.1:\(silent.port)", within: .milliseconds(300))
    }
    silent.close()
  }

  @Test func `a task that is cancelled connects to nothing`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let endpoint = try #require(Endpoint("127.0.0.1:\(listener.port)"))
    let worker = Worker(label: "test")
    let task = Task(executorPreference: worker) {
      await untilCancelled()
      _ = try await Connector.open(endpoint, worker: worker)
    }
    task.cancel()
    await #expect(throws: Connector.Failure.cancelled) { try await task.value }
    listener.close()
  }

  @Test(
    arguments: [
      ("server:12345", "server", 12345), ("127.0.0.1:1", "127.0.0.1", 1),
      ("[::1]:65535", "::1", 65535), ("a.b-c:80", "a.b-c", 80),
    ]
      + [
        "", "server", "server:", ":12345", "server:0", "server:65536", "server:-1", "server:1a",
        "::1:80", "[]:80", "server:12345 ",
      ].map { ($0, nil, nil) } as [(String, String?, UInt16?)])
  func `a host and a port are parsed, and printed as they were`(
    text: String, host: String?, port: UInt16?
  ) {
    let endpoint = Endpoint(text)
    #expect(endpoint?.host == host)
    #expect(endpoint?.port == port)
    #expect(endpoint.map { $0.description == text } != false)
  }
}
