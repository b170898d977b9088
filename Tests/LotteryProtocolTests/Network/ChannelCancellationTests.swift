import Glibc
import Testing

@testable import LotteryCore
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

  @Test("A connection that breaks off is noticed without reading, one that is silent is not broken")
  func broken() async throws {
    try await withConnection { channel, peer in
      try peer.send([1])
      #expect(!channel.isBroken)
      peer.shutdownWriting()
      #expect(!channel.isBroken)
      try peer.reset()
      await until { channel.isBroken }
    }
  }
}
