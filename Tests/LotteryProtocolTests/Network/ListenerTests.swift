import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

@Suite(.timeLimit(.minutes(10))) struct ListenerTests {
  @Test func `every connection gets a worker of its own`() async throws {
    let listener = try Listener(port: 0, backlog: 64)
    var peers: [Peer] = []
    for _ in 0..<50 { peers.append(try Peer(port: listener.port)) }
    for (index, peer) in peers.enumerated() { try await peer.send([UInt8(index)]) }
    var received: [UInt8] = []
    for _ in peers {
      let handle = try #require(try await listener.accept())
      received += try await Task(executorPreference: handle.worker) {
        try await Connection(handle, capacity: 1).receive(1)
      }.value
      handle.close()
    }
    #expect(received.sorted() == Array(0..<50))
    for peer in peers { peer.close() }
    listener.close()
  }

  @Test func `an accepted connection has its socket options`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let peer = try Peer(port: listener.port)
    let handle = try #require(try await listener.accept())
    let tcp = Int32(IPPROTO_TCP)
    let expected: [(level: Int32, name: Int32, value: Int32)] = [
      (tcp, TCP_NODELAY, 1), (SOL_SOCKET, SO_KEEPALIVE, 1),
      (tcp, TCP_KEEPIDLE, Socket.Liveness.idle), (tcp, TCP_KEEPINTVL, Socket.Liveness.interval),
      (tcp, TCP_KEEPCNT, Socket.Liveness.probes),
      (tcp, TCP_USER_TIMEOUT, Socket.Liveness.userTimeout),
    ]
    for option in expected {
      var value: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      let descriptor = handle.socket.descriptor
      try #require(getsockopt(descriptor, option.level, option.name, &value, &size) == 0)
      #expect(value == option.value, "option \(option.name)")
    }
    let flags = fcntl(handle.socket.descriptor, F_GETFL)
    #expect(flags & O_NONBLOCK != 0)
    #expect(fcntl(handle.socket.descriptor, F_GETFD) & FD_CLOEXEC != 0)
    handle.close()
    peer.close()
    listener.close()
  }

  @Test func `a connection that arrives while it is waited for is accepted`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let accepted = Task { try await listener.accept() }
    await Task.yield()
    let peer = try Peer(port: listener.port)
    let handle = try #require(try await accepted.value)
    handle.close()
    #expect(try await peer.receive(1) == [])
    peer.close()
    listener.close()
  }

  @Test func `a port in use is an error, and free once its listener closes`() async throws {
    let first = try Listener(port: 0, backlog: 1)
    #expect(first.port > 0)
    #expect(throws: SystemError("bind", code: EADDRINUSE)) {
      try Listener(port: first.port, backlog: 1)
    }
    first.close()
    // A process that another test starts just now holds the descriptor too until its program runs.
    var second: Listener?
    await until {
      second = try? Listener(port: first.port, backlog: 1)
      return second != nil
    }
    #expect(second?.port == first.port)
    second?.close()
  }

  @Test func `a task that is cancelled stops waiting for a connection`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let task = Task { try await listener.accept() }
    await Task.yield()
    task.cancel()
    #expect(try await task.value == nil)
    listener.close()
  }
}
