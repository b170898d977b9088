import Glibc
import Testing

@testable import LotteryCore
@testable import LotteryProtocol

/// Accepting connections.
@Suite(.timeLimit(.minutes(1))) struct ListenerTests {
  @Test func `every connection gets a channel of its own`() async throws {
    let listener = try Listener(port: 0, backlog: 64)
    var peers: [Peer] = []
    for _ in 0..<50 { peers.append(try Peer(port: listener.port)) }
    for (index, peer) in peers.enumerated() { try peer.send([UInt8(index)]) }
    var received: [UInt8] = []
    for _ in peers {
      let (channel, worker) = try await listener.accept()
      received += try await Task(executorPreference: worker) { try await channel.receive(1) }.value
      channel.close()
    }
    #expect(received.sorted() == Array(0..<50))
    for peer in peers { peer.close() }
    listener.close()
  }

  @Test func `a connection that arrives while it is waited for is accepted`() async throws {
    let listener = try Listener(port: 0, backlog: 1)
    let accepted = Task { try await listener.accept() }
    await Task.yield()
    let peer = try Peer(port: listener.port)
    let (channel, _) = try await accepted.value
    channel.close()
    #expect(try peer.receive(1) == [])
    peer.close()
    listener.close()
  }

  @Test func `a port in use is an error, and free once its listener closes`()
    async throws
  {
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
    let task = Task { _ = try await listener.accept() }
    await Task.yield()
    task.cancel()
    await #expect(throws: ChannelError.cancelled) { try await task.value }
    listener.close()
  }
}
