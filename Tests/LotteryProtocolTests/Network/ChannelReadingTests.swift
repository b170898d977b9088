import Glibc
import Testing
import TestSupport

@testable import LotteryCore
@testable import LotteryProtocol

@Suite("Reading from a connection", .timeLimit(.minutes(1)))
struct ChannelReadingTests {
  @Test("A message that arrives byte by byte is put together")
  func shortReads() async throws {
    try await withConnection { channel, peer in
      var buffer = InputBuffer(capacity: 100)
      for (index, byte) in MessageSamples.bet.enumerated() {
        let early = try buffer.nextFrame()
        #expect(early == nil, "after \(index) bytes")
        try peer.send([byte])
        let count = try await channel.receive(into: &buffer)
        #expect(count == 1)
      }
      let frame = try buffer.nextFrame()
      #expect(frame == 4..<MessageSamples.bet.count)
      let received = buffer.unreadBytes
      #expect(received == MessageSamples.bet)
    }
  }

  @Test("More than the buffer holds stays in the connection")
  func smallBuffer() async throws {
    try await withConnection { channel, peer in
      let sent = Array(0...255 as ClosedRange<UInt8>)
      try peer.send(sent)
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

  @Test("A peer that closes in the middle of a message leaves the half that it sent")
  func closedMidMessage() async throws {
    try await withConnection { channel, peer in
      let half = Array(MessageSamples.bet.prefix(10))
      try peer.send(half)
      peer.close()
      var buffer = InputBuffer(capacity: 100)
      while try await channel.receive(into: &buffer) > 0 {}
      let received = buffer.unreadBytes
      #expect(received == half)
      let frame = try buffer.nextFrame()
      #expect(frame == nil)
    }
  }

  @Test("A peer that says no more can still be answered")
  func halfClosed() async throws {
    try await withConnection { channel, peer in
      try peer.send([1, 2, 3])
      peer.shutdownWriting()
      #expect(try await channel.receive(100) == [1, 2, 3])
      try await channel.send([4, 5, 6])
      #expect(try peer.receive(3) == [4, 5, 6])
    }
  }

  @Test("A peer that breaks off is an error")
  func reset() async throws {
    try await withConnection { channel, peer in
      try peer.reset()
      await #expect(throws: ChannelError.broken(SystemError("recv", code: ECONNRESET))) {
        try await channel.receive(1)
      }
    }
  }

  @Test("What has not arrived is not waited for where the caller will not wait")
  func receiveNow() async throws {
    try await withConnection { channel, peer in
      var buffer = InputBuffer(capacity: 100)
      let nothing = try channel.receiveNow(into: &buffer)
      #expect(nothing == nil)
      try peer.send([7])
      let one = try await channel.receive(into: &buffer)
      #expect(one == 1)
      peer.shutdownWriting()
      let end = try await channel.receive(into: &buffer)
      let still = try channel.receiveNow(into: &buffer)
      #expect(end == 0)
      #expect(still == 0)
    }
  }

  @Test("An empty buffer gives its memory back while it waits")
  func memory() async throws {
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

  @Test("The other end is known")
  func peerAddress() async throws {
    try await withConnection { channel, _ in
      #expect(channel.peer?.ip == "127.0.0.1")
      #expect(channel.peer?.isLoopback == true)
    }
  }
}
