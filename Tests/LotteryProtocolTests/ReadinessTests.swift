import Glibc
import Synchronization
import Testing

@testable import LotteryProtocol

/// Waiting until a socket is ready.
@Suite(.timeLimit(.minutes(10))) struct ReadinessTests {
  @Test func `a change between the attempt and the wait is not lost`() async throws {
    try await withReadiness { readiness, ours, theirs in
      for byte in 0..<100 as Range<UInt8> {
        #expect(try receive(from: ours) == nil)
        try send(byte, to: theirs)
        while try receive(from: ours) == nil { await readiness.wait(for: .reading) }
      }
    }
  }

  @Test func `a socket that is ready for writing alone keeps a reader waiting`() async throws {
    try await withReadiness { readiness, ours, theirs in
      await readiness.wait(for: .writing)
      let isReady = Atomic(false)
      async let waiting: Void = {
        while try receive(from: ours) == nil { await readiness.wait(for: .reading) }
        isReady.store(true, ordering: .relaxed)
      }()
      await until { readiness.isAwaited(for: .reading) }
      let isEarly = isReady.load(ordering: .relaxed)
      #expect(!isEarly)
      try send(1, to: theirs)
      try await waiting
    }
  }

  @Test(arguments: [true, false])
  func `a break ends a wait in either direction, and one that comes later`(
    isAwaited: Bool
  ) async throws {
    try await withReadiness { readiness, ours, theirs in
      // Take what is known of a new socket: it can be written to.
      await readiness.wait(for: .writing)
      if !isAwaited { breakOff(theirs) }
      async let reading: Void = readiness.wait(for: .reading)
      async let writing: Void = readiness.wait(for: .writing)
      if isAwaited {
        await until { readiness.isAwaited(for: .reading) && readiness.isAwaited(for: .writing) }
        breakOff(theirs)
      }
      _ = await (reading, writing)
    }
  }

  @Test func `a descriptor can be watched again after another one had its number`() async throws {
    var numbers: Set<Int32> = []
    for byte in 0..<200 as Range<UInt8> {
      try await withPair { ours, theirs in
        numbers.insert(ours)
        let readiness = try Readiness(of: ours)
        // An event for the number as it is closed.
        try send(byte, to: theirs)
        readiness.cancel()
      }
      try await withPair { ours, theirs in
        let next = try Readiness(of: ours)
        defer { next.cancel() }
        try send(byte, to: theirs)
        while true {
          if let received = try receive(from: ours) {
            #expect(received == byte)
            break
          }
          await next.wait(for: .reading)
        }
      }
    }
    #expect(numbers.count < 200)
  }

  @Test func `a descriptor that cannot be watched is an error`() async throws {
    #expect(throws: SystemError("epoll_ctl", code: EBADF)) { try Readiness(of: -1) }
  }
}

/// Lends two connected, non-blocking sockets, the first of them watched.
private func withReadiness(
  isolation: isolated (any Actor)? = #isolation,
  _ body: (Readiness, Int32, Int32) async throws -> Void
) async throws {
  try await withPair { ours, theirs in
    let readiness = try Readiness(of: ours)
    defer { readiness.cancel() }
    try await body(readiness, ours, theirs)
  }
}

/// Lends two connected, non-blocking sockets.
private func withPair(
  isolation: isolated (any Actor)? = #isolation, _ body: (Int32, Int32) async throws -> Void
) async throws {
  var pair: [Int32] = [-1, -1]
  let type = SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
  try SystemError.check("socketpair") { socketpair(AF_UNIX, Int32(type), 0, &pair) }
  defer { for descriptor in pair { close(descriptor) } }
  try await body(pair[0], pair[1])
}

private func breakOff(_ descriptor: Int32) {
  _ = shutdown(descriptor, Int32(SHUT_RDWR))
}

private func send(_ byte: UInt8, to descriptor: Int32) throws(SystemError) {
  var byte = byte
  try SystemError.check("write") { write(descriptor, &byte, 1) }
}

/// The next byte, or nil if none has arrived.
private func receive(from descriptor: Int32) throws(SystemError) -> UInt8? {
  var byte: UInt8 = 0
  do throws(SystemError) {
    try SystemError.check("read") { read(descriptor, &byte, 1) }
    return byte
  } catch {
    if error.code == EAGAIN { return nil }
    throw error
  }
}
