import Glibc
import Testing
import TestSupport

@testable import LotteryCore
@testable import LotteryProtocol

/// Reading from a connection.
@Suite(.timeLimit(.minutes(1))) struct ChannelReadingTests {
  @Test func `a message that arrives byte by byte is put together`() async throws {
    try await withConnection { channel, peer in
      var buffer = InputBuffer(capacity: 100)
      for (index, byte) in MessageSamples.bet.enumerated() {
        let early = try buffer.nextFrame()
        #expect(early == nil, "after \(index) bytes")
        try await peer.send([byte])
        let count = try await channel.receive(into: &buffer)
        #expect(count == 1)
      }
      let frame = try buffer.nextFrame()
      #expect(frame == 4..<MessageSamples.bet.count)
      let received = buffer.unreadBytes
      #expect(received == MessageSamples.bet)
    }
  }

  @Test func `more than the buffer holds stays in the connection`() async throws {
    try await withConnection { channel, peer in
      let sent = Array(0...255 as ClosedRange<UInt8>)
      try await peer.send(sent)
      var buffer = InputBuffer(capacity: 10)
      var received: [UInt8] = []
      while received.count < sent.count {
        let count = try await channel.receive(into: &buffer)
        #expect(1...10 ~= count)
        received += buffer.unreadBytes
        buffer.consume(count)
      }
      #expect(received == sent)
    }
  }

  @Test func `a peer that closes in the middle of a message leaves the half`() async throws {
    try await withConnection { channel, peer in
      let half = Array(MessageSamples.bet.prefix(10))
      try await peer.send(half)
      peer.close()
      var buffer = InputBuffer(capacity: 100)
      while try await channel.receive(into: &buffer) > 0 {}
      let received = buffer.unreadBytes
      #expect(received == half)
      let frame = try buffer.nextFrame()
      #expect(frame == nil)
    }
  }

  @Test func `a peer that sends no more can still be answered`() async throws {
    try await withConnection { channel, peer in
      try await peer.send([1, 2, 3])
      peer.finishSending()
      #expect(try await channel.receive(100) == [1, 2, 3])
      try await channel.send([4, 5, 6])
      #expect(try await peer.receive(3) == [4, 5, 6])
    }
  }

  @Test func `a reset by the peer is an error`() async throws {
    try await withConnection { channel, peer in
      peer.reset()
      await #expect(throws: ChannelError.broken(SystemError("recv", code: ECONNRESET))) {
        try await channel.receive(1)
      }
    }
  }

  @Test func `receiveNow does not wait for what has not arrived`() async throws {
    try await withConnection { channel, peer in
      var buffer = InputBuffer(capacity: 100)
      let nothing = try channel.receiveNow(into: &buffer)
      #expect(nothing == nil)
      try await peer.send([7])
      let one = try await channel.receive(into: &buffer)
      #expect(one == 1)
      peer.finishSending()
      let end = try await channel.receive(into: &buffer)
      let still = try channel.receiveNow(into: &buffer)
      #expect(end == 0)
      #expect(still == 0)
    }
  }

  @Test func `an empty buffer releases its memory during a wait`() async throws {
    try await withConnection { channel, _ in
      let task = Task {
        var buffer = InputBuffer(capacity: 100)
        buffer.feed([1])
        buffer.consume(1)
        let count = try? await channel.receive(into: &buffer)
        #expect(count == nil)
        return buffer.storage.isEmpty
      }
      await until { channel.isAwaited }
      task.cancel()
      #expect(await task.value)
    }
  }

  @Test func `the other end is known`() async throws {
    try await withConnection { channel, _ in
      #expect(channel.peer?.ip == "127.0.0.1")
      #expect(channel.peer?.isLoopback == true)
    }
  }
}
