import Glibc
import Synchronization
import TestSupport
import Testing

@testable import LotteryProtocol

/// Waiting until a socket is ready.
@Suite(.timeLimit(.minutes(10))) struct ReadinessTests {
  @Test func `a change between the attempt and the wait is not lost`() async throws {
    try await withConnection { connection, peer in
      for _ in 0..<100 {
        #expect(try !connection.fillNow())
        try await peer.send([7])
        while try !connection.fillNow() { await connection.handle.readiness.wait(for: .reading) }
        connection.consume(1)
      }
    }
  }

  @Test func `a socket that is ready for writing alone keeps a reader waiting`() async throws {
    try await withConnection { connection, peer in
      let handle = connection.handle
      await handle.readiness.wait(for: .writing)
      let isReady = Atomic(false)
      async let waiting: Void = {
        while !handle.socket.isReadable() { await handle.readiness.wait(for: .reading) }
        isReady.store(true, ordering: .relaxed)
      }()
      await until { handle.isAwaited }
      let isEarly = isReady.load(ordering: .relaxed)
      #expect(!isEarly)
      try await peer.send([1])
      await waiting
    }
  }

  @Test(arguments: [true, false])
  func `a break ends a wait in either direction, and one that comes later`(
    isAwaited: Bool
  ) async throws {
    try await withConnection { connection, peer in
      let readiness = connection.handle.readiness
      // Take what is known of a new socket: it can be written to.
      await readiness.wait(for: .writing)
      if !isAwaited { peer.reset() }
      async let reading: Void = readiness.wait(for: .reading)
      async let writing: Void = readiness.wait(for: .writing)
      if isAwaited {
        await until { readiness.isAwaited(for: .reading) && readiness.isAwaited(for: .writing) }
        peer.reset()
      }
      _ = await (reading, writing)
    }
  }

  @Test func `a descriptor can be watched again after another one had its number`() async throws {
    for byte in 0..<200 as Range<UInt8> {
      try await withConnection { connection, peer in
        try await peer.send([byte])
        #expect(try await connection.fill())
        #expect(Array(connection.unread) == [byte])
        // An event for the number as it is closed.
        try await peer.send([byte])
      }
    }
  }

  @Test func `a descriptor that cannot be watched is an error`() async throws {
    #expect(throws: SystemError("epoll_ctl", code: EBADF)) { try Readiness(of: -1) }
  }
}
