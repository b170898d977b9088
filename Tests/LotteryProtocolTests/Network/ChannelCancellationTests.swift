import Glibc
import TestSupport
import Testing

@testable import LotteryCore
@testable import LotteryProtocol

/// Waiting on a connection and giving up.
@Suite(.timeLimit(.minutes(1))) struct ChannelCancellationTests {
  @Test func `a task that is cancelled before it receives waits for nothing`() async throws {
    try await withConnection { channel, _ in
      let task = Task {
        await untilCancelled()
        return try await channel.receive(1)
      }
      task.cancel()
      await #expect(throws: ChannelError.cancelled) { try await task.value }
    }
  }

  @Test func `a cancelled task stops waiting, and the connection goes on`() async throws {
    try await withConnection { channel, peer in
      for round in 0..<200 as Range<UInt8> {
        let task = Task { try await channel.receive(1) }
        for _ in 0..<(round % 4) { await Task.yield() }
        task.cancel()
        await #expect(throws: ChannelError.cancelled) { try await task.value }
        try await peer.send([round])
        #expect(try await channel.receive(1) == [round])
      }
    }
  }

  @Test func `a cancelled task receives nothing, even if something has arrived`() async throws {
    try await withConnection { channel, peer in
      try await peer.send([1, 2])
      #expect(try await channel.receive(1) == [1])
      withUnsafeCurrentTask { $0?.cancel() }
      await #expect(throws: ChannelError.cancelled) { try await channel.receive(1) }
    }
  }

  @Test func `a reset is noticed without reading, and silence is none`() async throws {
    try await withConnection { channel, peer in
      try await peer.send([1])
      #expect(!channel.isBroken)
      peer.finishSending()
      #expect(!channel.isBroken)
      peer.reset()
      await until { channel.isBroken }
    }
  }
}
