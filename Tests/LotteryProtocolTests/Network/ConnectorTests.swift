import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

@Suite(.timeLimit(.minutes(10))) struct ConnectorTests {
  private let worker = Worker(label: "test")

  private func connect(to text: String) async throws -> Connection.Handle {
    let endpoint = try #require(Endpoint(text))
    let worker = worker
    return try await Task(executorPreference: worker) {
      try await Connector.open(endpoint, worker: worker)
    }.value
  }

  @Test(arguments: ["127.0.0.1", "localhost"])
  func `a server is found by address and by name`(host: String) async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let handle = try await connect(to: "\(host):\(listener.port)")
    let theirs = try Peer(try #require(try await listener.accept()))
    try await Task(executorPreference: worker) {
      let ours = Connection(handle, capacity: 8)
      try await ours.send([1, 2, 3])
      #expect(try await theirs.receive(3) == [1, 2, 3])
      try await theirs.send([4])
      #expect(try await ours.receive(1) == [4])
    }.value
    handle.close()
    #expect(try await theirs.receive(1) == [])
    theirs.close()
    listener.close()
  }

  @Test func `a connection to a port without a listener is refused`() async throws {
    try await withSilentPort { port in
      let refusal = Connector.Failure.refused(SystemError("connect", code: ECONNREFUSED))
      await #expect(throws: refusal) { try await connect(to: "127.0.0.1:\(port)") }
      #expect(refusal.description == "connect: Connection refused")
    }
  }

  @Test func `an invalid name is not resolved`() async throws {
    let error = await #expect(throws: Connector.Failure.self) {
      try await connect(to: "not a name:1")
    }
    guard case .unresolved(host: "not a name", reason: _) = error else {
      Issue.record("another error: \(String(describing: error))")
      return
    }
  }

  @Test func `an address that does not answer takes its share of the time alone`() async throws {
    // A listener with a full queue, which the kernel does not answer for.
    let silent = try Listener(port: 0, backlog: 0)
    let waiting = try Peer(port: silent.port)
    defer { waiting.close() }
    let endpoint = try #require(Endpoint("127.0.0.1:\(silent.port)"))
    let worker = worker
    await #expect(throws: Connector.Failure.timedOut) {
      try await Task(executorPreference: worker) {
        try await Connector.open(endpoint, worker: worker, until: .now + .milliseconds(300))
      }.value
    }
    silent.close()
  }

  @Test func `a connection that was made in time is taken after the deadline`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let endpoint = try #require(Endpoint("127.0.0.1:\(listener.port)"))
    let worker = worker
    // The kernel accepts it at once.
    let handle = try await Task(executorPreference: worker) {
      try await Connector.open(endpoint, worker: worker, until: .now)
    }.value
    handle.close()
    listener.close()
  }

  @Test func `a task that is cancelled connects to nothing`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let endpoint = try #require(Endpoint("127.0.0.1:\(listener.port)"))
    let worker = worker
    let task = Task(executorPreference: worker) {
      await untilCancelled()
      _ = try await Connector.open(endpoint, worker: worker)
    }
    task.cancel()
    await #expect(throws: Connector.Failure.cancelled) { try await task.value }
    listener.close()
  }
}

@Suite struct EndpointTests {
  @Test(
    arguments: [
      ("server:12345", "server", 12345), ("127.0.0.1:1", "127.0.0.1", 1),
      ("[::1]:65535", "::1", 65535), ("a.b-c:80", "a.b-c", 80),
    ] as [(String, String, UInt16)])
  func `a host and a port are parsed, and printed as they were`(
    text: String, host: String, port: UInt16
  ) throws {
    let endpoint = try #require(Endpoint(text))
    #expect(endpoint.host == host)
    #expect(endpoint.port == port)
    #expect(endpoint.description == text)
  }

  @Test(arguments: [
    "", "server", "server:", ":12345", "server:0", "server:65536", "server:-1", "server:1a",
    "::1:80", "[]:80", "server:12345 ",
  ])
  func `a text that is not a host and a port is refused`(text: String) {
    #expect(Endpoint(text) == nil)
  }

  @Test func `a system call that failed says which and why`() {
    #expect(SystemError("bind", code: 98).description == "bind: Address already in use")
    #expect(
      ConnectionError.broken(SystemError("recv", code: 104)).description
        == "recv: Connection reset by peer")
  }
}
