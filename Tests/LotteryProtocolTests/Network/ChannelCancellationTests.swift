import Glibc
import Testing

@testable import LotteryProtocol

@Suite("Waiting on a connection and giving up", .timeLimit(.minutes(1)))
struct ChannelCancellationTests {
  @Test("A task that is cancelled before it receives waits for nothing")
  func cancelledBefore() async throws {
    try await withConnection { channel, _ in
      let task = Task {
        await until { Task.isCancelled }
        return try await channel.receive(1)
      }
      task.cancel()
      await #expect(throws: ChannelError.cancelled) { try await task.value }
    }
  }

  @Test("A task that is cancelled at any moment stops waiting, and the connection goes on")
  func cancelledMeanwhile() async throws {
    try await withConnection { channel, peer in
      for round in 0..<200 as Range<UInt8> {
        let task = Task { try await channel.receive(1) }
        for _ in 0..<(round % 4) { await Task.yield() }
        task.cancel()
        await #expect(throws: ChannelError.cancelled) { try await task.value }
        try peer.send([round])
        #expect(try await channel.receive(1) == [round])
      }
    }
  }

  @Test("A task that is cancelled receives nothing more, even where something has arrived")
  func arrivedBeforeCancel() async throws {
    try await withConnection { channel, peer in
      try peer.send([1, 2])
      #expect(try await channel.receive(1) == [1])
      withUnsafeCurrentTask { $0?.cancel() }
      await #expect(throws: ChannelError.cancelled) { try await channel.receive(1) }
    }
  }

  @Test("A connection that breaks off is noticed without reading")
  func broken() async throws {
    try await withConnection { channel, peer in
      let task = Task { await channel.waitUntilBroken() }
      await Task.yield()
      try peer.reset()
      await task.value
      await #expect(throws: ChannelError.self) { try await channel.receive(1) }
    }
  }

  @Test("A connection that is broken already is noticed")
  func brokenBefore() async throws {
    try await withConnection { channel, peer in
      try peer.reset()
      await channel.waitUntilBroken()
    }
  }

  @Test("A connection that broke while nobody waited wakes whoever waits for the other direction")
  func brokenBetween() async throws {
    // How soon Dispatch sees the break is a matter of chance.
    for _ in 0..<20 {
      try await withConnection { channel, peer in
        await channel.waitUntilReady(for: .writing)
        try peer.reset()
        await channel.waitUntilReady(for: .reading)
        await #expect(throws: ChannelError.self) { try await channel.receive(1) }
      }
    }
  }

  @Test("To wait for a break takes no byte and ends when the task is cancelled", arguments: [0, 3])
  func unread(count: UInt8) async throws {
    try await withConnection { channel, peer in
      let sent = Array(0..<count)
      try peer.send(sent)
      let task = Task { await channel.waitUntilBroken() }
      await Task.yield()
      task.cancel()
      await task.value
      #expect(try await channel.receive(sent.count + 1, thenClosing: peer) == sent)
    }
  }
}

extension Channel {
  /// Receives what `peer` has sent, once it has said that there is no more.
  fileprivate func receive(_ count: Int, thenClosing peer: Peer) async throws -> [UInt8] {
    peer.shutdownWriting()
    return try await receive(count)
  }
}
