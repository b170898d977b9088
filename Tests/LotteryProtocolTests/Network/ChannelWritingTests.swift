import Glibc
import Testing
import TestSupport

@testable import LotteryCore
@testable import LotteryProtocol

/// Writing to a connection.
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
