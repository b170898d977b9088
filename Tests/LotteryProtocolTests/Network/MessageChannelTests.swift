import Glibc
import TestSupport
import Testing

@testable import LotteryCore
@testable import LotteryProtocol

/// A conversation with the server.
@Suite(.timeLimit(.minutes(1))) struct MessageChannelTests {
  @Test func `messages arrive one by one, however the bytes are cut`() async throws {
    try await withConnection { channel, peer in
      let bytes = MessageSamples.stored + MessageSamples.confirmed + MessageSamples.noWinners
      for byte in bytes { try await peer.send([byte]) }
      var messages = MessageChannel(over: channel, capacity: 64)
      #expect(try await messages.receive() == .stored(65536))
      #expect(try await messages.receive() == .confirmed)
      #expect(try await messages.receive() == .winners(more: false, documents: []))
    }
  }

  @Test func `frames arrive as they were sent`() async throws {
    try await withConnection { channel, peer in
      var messages = MessageChannel(over: channel, capacity: 64)
      let frames = MessageSamples.hello + MessageSamples.finished
      try await messages.send(frames)
      #expect(try await peer.receive(frames.count) == frames)
    }
  }

  @Test(
    arguments: [
      (MessageSamples.error, .refused(.tooSlow, reason: "")),
      (
        MessageSamples.stored + MessageSamples.rejected,
        .rejected(.ruleBroken, offset: 1, index: 2, reason: "no")
      ),
      ([0, 0, 0, 0], .malformed(.frameLength(0))),
      (MessageSamples.stored.dropLast(), .closed),
      ([], .closed),
    ] as [([UInt8], MessageChannel.Failure)])
  func `what ends a conversation is thrown`(
    bytes: [UInt8], failure: MessageChannel.Failure
  ) async throws {
    try await withConnection { channel, peer in
      try await peer.send(bytes)
      peer.finishSending()
      var messages = MessageChannel(over: channel, capacity: 64)
      await #expect(throws: failure) {
        while true { _ = try await messages.receive() }
      }
    }
  }

  @Test(
    arguments: [
      (MessageSamples.stored + MessageSamples.error, .refused(.tooSlow, reason: "")),
      (MessageSamples.stored, .channel(.broken(SystemError("send", code: EPIPE)))),
    ] as [([UInt8], MessageChannel.Failure)])
  func `an ERROR that arrived before the connection broke comes first`(
    bytes: [UInt8], failure: MessageChannel.Failure
  ) async throws {
    try await withConnection { channel, peer in
      try await peer.send(bytes)
      peer.finishSending()
      var messages = MessageChannel(over: channel, capacity: 64)
      #expect(try await messages.receive() == .stored(65536))
      // From now on every send fails.
      await channel.drain(limit: 0)
      await #expect(throws: failure) { try await messages.send(MessageSamples.finished) }
    }
  }

  @Test func `a cancelled send says so, whatever has arrived`() async throws {
    try await withConnection { channel, peer in
      try await peer.send(MessageSamples.error)
      let task = Task {
        var messages = MessageChannel(over: channel, capacity: 64)
        try await messages.send([UInt8](repeating: 0, count: 64 << 20))
      }
      task.cancel()
      await #expect(throws: MessageChannel.Failure.channel(.cancelled)) { try await task.value }
    }
  }
}
