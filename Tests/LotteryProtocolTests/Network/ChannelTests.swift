import Glibc
import TestSupport
import Testing

@testable import LotteryCore
@testable import LotteryProtocol

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

@Suite(.timeLimit(.minutes(1))) struct ChannelWritingTests {
  /// More than the kernel keeps for a connection whose other end does not read (tcp(7), tcp_wmem).
  private static let tooMuch = {
    let block = Array(0..<251 as Range<UInt8>)
    var bytes: [UInt8] = []
    while bytes.count < 16 << 20 { bytes += block }
    return bytes
  }()

  @Test func `a reader that is slow gets all of it, in order`() async throws {
    try await withConnection(receiveBuffer: 4096) { channel, peer in
      let sent = Self.tooMuch
      async let received = peer.receive(sent.count, piece: 20_000)
      try await channel.send(sent)
      #expect(try await received == sent)
    }
  }

  @Test func `a write that is blocked ends when the task is cancelled`() async throws {
    try await withConnection { channel, _ in
      let task = Task { try await channel.send(Self.tooMuch) }
      // The write is blocked or will be: the peer does not read.
      task.cancel()
      await #expect(throws: ChannelError.cancelled) { try await task.value }
    }
  }

  @Test func `a write after a reset is an error, not a signal`() async throws {
    try await withConnection { channel, peer in
      peer.reset()
      await until { channel.isBroken }
      let codes: [Int32] = [ECONNRESET, EPIPE]
      for _ in 1...2 {
        let error = await #expect(throws: ChannelError.self) { try await channel.send([1]) }
        #expect(codes.map { .broken(SystemError("send", code: $0)) }.contains(error))
      }
    }
  }

  @Test func `a last message before a drain arrives despite unread bytes`() async throws {
    try await withConnection { channel, peer in
      try await peer.send([UInt8](repeating: 0, count: 50_000))
      async let received = peer.receive(.max)
      try await channel.send(MessageSamples.error)
      async let drained: Void = channel.drain(limit: 1 << 20)
      #expect(try await received == MessageSamples.error)
      peer.close()
      await drained
    }
  }

  @Test func `a drain ends at its limit, also with a peer that never stops`() async throws {
    try await withConnection { channel, peer in
      try await peer.send([UInt8](repeating: 0, count: 30_000))
      await channel.drain(limit: 10_000)
      #expect(try await channel.receive(1) == [0])
    }
  }

  @Test(arguments: [
    (7999, [7999]), (8000, [8000]), (8001, [8000, 1]), (20_000, [8000, 8000, 4000]),
  ])
  func `no send(2) has more than 8000 bytes`(size: Int, expected: [Int]) async throws {
    let bytes = [UInt8](repeating: 7, count: size)
    #expect(try await Self.packets { try await $0.send(bytes) } == expected)
  }

  @Test func `frames are given to the kernel one by one`() async throws {
    let longest = [0, 0, 0x1F, 0x3C] + [UInt8](repeating: 3, count: 7996)
    let frames = [MessageSamples.hello, longest, longest, MessageSamples.finished]
    let bytes = Array(frames.joined())
    #expect(try await Self.packets { try await $0.send(frames: bytes) } == frames.map(\.count))
    // Not lost: the end of a frame that is not whole.
    let cut = Array(bytes.dropLast())
    #expect(try await Self.packets { try await $0.send(frames: cut) }.reduce(0, +) == cut.count)
  }

  /// The bytes of each send that `body` makes.
  private static func packets(of body: (Channel) async throws -> Void) async throws -> [Int] {
    // A socket that keeps what each send brought apart (unix(7)).
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_SEQPACKET.rawValue | SOCK_NONBLOCK.rawValue)
    try #require(socketpair(AF_UNIX, type, 0, &ends) == 0)
    defer { close(ends[1]) }
    let socket = try Socket(family: AF_UNIX)
    dup2(ends[0], socket.descriptor)
    close(ends[0])
    let channel = try Channel(socket, peer: nil, worker: Worker(label: "sender"))
    defer { channel.close() }
    try await body(channel)
    var room = [UInt8](repeating: 0, count: 1 << 16)
    var packets: [Int] = []
    while case let count = recv(ends[1], &room, room.count, 0), count > 0 { packets.append(count) }
    return packets
  }

  @Test func `an empty send does nothing`() async throws {
    try await withConnection { channel, peer in
      try await channel.send([])
      try await channel.send([1])
      #expect(try await peer.receive(1) == [1])
    }
  }
}

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
