import Dispatch
import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

/// Receiving: where short reads end.
@Suite(.timeLimit(.minutes(10))) struct ConnectionReadingTests {
  @Test func `frames are put together, however they arrive, and half a frame is left`() async throws
  {
    try await withConnection { connection, peer in
      let bet = Frames.bet(try Bets.ana(), at: 7)
      for (index, byte) in bet.enumerated() {
        #expect(try connection.nextFrame() == nil, "after \(index) bytes")
        try await peer.send([byte])
        #expect(try await connection.fill())
      }
      #expect(try connection.nextFrame() == bet[4...])
      #expect(connection.unread.isEmpty)
      let frames = [ServerMessage.stored(7), .confirmed, .error(code: .tooSlow, reason: "")]
        .map(\.frame)
      let half = Array(bet.prefix(10))
      try await peer.send(Array(frames.joined()), half)
      peer.close()
      while try await connection.fill() {}
      for frame in frames {
        #expect(try connection.nextFrame().map(Array.init) == Array(frame[4...]))
      }
      #expect(try connection.nextFrame() == nil)
      #expect(Array(connection.unread) == half)
    }
  }
}

/// What the kernel says of a socket.
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

  @Test func `an event of a descriptor that was closed is not the next one's with its number`()
    async throws
  {
    let (old, new) = (try socketPair(SOCK_STREAM), try socketPair(SOCK_STREAM))
    // A process that was just forked has one too: the kernel goes on watching.
    let duplicate = dup(old[0])
    try Readiness(of: old[0]).cancel()
    dup2(new[0], old[0])
    let readiness = try Readiness(of: old[0])
    defer {
      readiness.cancel()
      for descriptor in [old[0], new[0], new[1], duplicate] { close(descriptor) }
    }
    let isBroken = Promise<Void>()
    readiness.onBreak { isBroken.fulfill(()) }
    close(old[1])
    // A later event, after which the one before has been handled.
    send(new[1], "x", 1, 0)
    await readiness.wait(for: .reading)
    #expect(isBroken.value == nil)
  }
}

/// More than the kernel keeps for a connection whose other end does not read (tcp(7), tcp_wmem).
private let tooMuch = {
  let block = Array(0..<251 as Range<UInt8>)
  var bytes: [UInt8] = []
  while bytes.count < 16 << 20 { bytes += block }
  return bytes
}()

/// Sending: where short writes end.
@Suite(.timeLimit(.minutes(10))) struct ConnectionWritingTests {
  @Test func `a reader that is slow gets all of it, in order`() async throws {
    try await withConnection(receiveBuffer: 4096) { connection, peer in
      async let received = peer.receive(tooMuch.count, piece: 20_000)
      try await connection.send(tooMuch)
      #expect(try await received == tooMuch)
    }
  }

  private static let longest = [0, 0, 0x1F, 0x3C] + [UInt8](repeating: 3, count: 7996)

  /// Bytes that are no frame, or not a whole one, are not lost.
  @Test(
    arguments: [
      ([], []), ([[UInt8](repeating: 7, count: 20_000)], [8000, 8000, 4000]),
      (
        [
          Frames.hello(5), longest, longest, Frames.finished(300), Frames.hello(5).dropLast(),
        ],
        [11, 8000, 8000, 13, 10]
      ),
    ] as [([[UInt8]], [Int])])
  func `the kernel is given frame by frame, and nothing has more than 8000 bytes`(
    frames: [[UInt8]], sizes: [Int]
  ) async throws {
    // A socket that keeps what each send brought apart (unix(7)).
    let ends = try socketPair(SOCK_SEQPACKET, SOCK_NONBLOCK)
    defer { close(ends[1]) }
    let socket = try Socket(family: AF_UNIX)
    dup2(ends[0], socket.descriptor)
    close(ends[0])
    let handle = try Connection.Handle(socket, peer: nil, worker: Worker(label: "sender"))
    defer { handle.close() }
    try await Connection(handle, capacity: 1).send(Array(frames.joined()))
    var room = [UInt8](repeating: 0, count: 1 << 16)
    var packets: [Int] = []
    while case let count = recv(ends[1], &room, room.count, 0), count > 0 { packets.append(count) }
    #expect(packets == sizes)
  }
}

/// What ends a wait from outside.
@Suite(.timeLimit(.minutes(10))) struct ConnectionInterruptTests {
  private static let superseded = ConnectionError.interrupted(.superseded)

  @Test(arguments: [true, false])
  func `an interrupt ends a wait, and the first one counts, also if there is more to read`(
    isReading: Bool
  ) async throws {
    try await withConnection { connection, peer in
      let handle = connection.handle
      async let interrupted: Void = {
        await until { handle.readiness.isAwaited(for: isReading ? .reading : .writing) }
        handle.interrupt(.superseded)
        handle.interrupt(.noRoom)
      }()
      await #expect(throws: Self.superseded) {
        if isReading { _ = try await connection.fill() } else { try await connection.send(tooMuch) }
      }
      await interrupted
      try await peer.send([1])
      await #expect(throws: Self.superseded) { try await connection.fill() }
      #expect(throws: Self.superseded) { try connection.check() }
    }
  }

  @Test(arguments: [true, false], [true, false])
  func `a reset by the peer ends a read or a write, and one that comes later, without a signal`(
    isReading: Bool, isAwaited: Bool
  ) async throws {
    try await withConnection { connection, peer in
      let readiness = connection.handle.readiness
      async let reset: Void = {
        if isAwaited {
          await until { readiness.isAwaited(for: isReading ? .reading : .writing) }
        }
        peer.reset()
      }()
      if !isAwaited { await reset }
      let error = await #expect(throws: ConnectionError.self) {
        if isReading { _ = try await connection.fill() } else { try await connection.send(tooMuch) }
      }
      let call = isReading ? "recv" : "send"
      let errors = [ECONNRESET, EPIPE].map { ConnectionError.broken(SystemError(call, code: $0)) }
      #expect(errors.contains { $0 == error })
      await reset
    }
  }

  @Test func `a lack of room ends no connection that keeps its place, and other causes do`()
    async throws
  {
    try await withConnection { connection, peer in
      let handle = connection.handle
      handle.interrupt(.noRoom)
      try await peer.send([1])
      // What has arrived first is read, and may be a reason to stay.
      #expect(try await connection.fill())
      try await peer.send([2])
      await #expect(throws: ConnectionError.interrupted(.noRoom)) { try await connection.fill() }
      handle.keepsPlace(true)
      handle.interrupt(.noRoom)
      #expect(try await connection.fill())
      handle.interrupt(.superseded)
      await #expect(throws: Self.superseded) { try await connection.fill() }
    }
  }

  @Test func `an interrupt cancels the task, also one that begins later`() async throws {
    for isEarly in [true, false] {
      try await withConnection { connection, _ in
        let handle = connection.handle
        let isCancelled = Promise<Bool>()
        if isEarly { handle.interrupt(.superseded) }
        handle.run {
          await untilCancelled()
          isCancelled.fulfill(Task.isCancelled)
        }
        handle.interrupt(.superseded)
        await handle.ended()
        #expect(isCancelled.value == true)
      }
    }
  }

  @Test func `a deadline ends reads and writes, and so does a peer that takes nothing`()
    async throws
  {
    let late = ConnectionError.interrupted(.deadline)
    try await withConnection { connection, peer in
      // What arrived in time is taken after the deadline.
      try await peer.send([7])
      await until { connection.handle.socket.isReadable() }
      connection.deadline = .now
      #expect(try await connection.fill())
      #expect(Array(connection.unread) == [7])
      await #expect(throws: late) { try await connection.fill() }
      connection.deadline = .now + .milliseconds(10)
      await #expect(throws: late) { try await connection.fill() }
      connection.deadline = .now + .milliseconds(10)
      await #expect(throws: late) { try await connection.send(tooMuch) }
      connection.deadline = nil
      connection.patience = .milliseconds(10)
      await #expect(throws: late) { try await connection.flush() }
    }
  }

  @Test func `what the peer has made room for is sent after the deadline`() async throws {
    try await withConnection { connection, peer in
      let handle = connection.handle
      connection.patience = .seconds(3600)
      async let received = withTaskExecutorPreference(globalConcurrentExecutor) {
        await until { handle.readiness.isAwaited(for: .writing) }
        // The process is stopped: the task goes on only after the deadline.
        let goesOn = DispatchSemaphore(value: 0)
        handle.worker.queue.async { goesOn.wait() }
        handle.readiness.deadline = .now
        let first = try await peer.receive(1 << 20)
        await until { handle.socket.isWritable() }
        goesOn.signal()
        return try await first + peer.receive(tooMuch.count - first.count)
      }
      try await connection.send(tooMuch)
      #expect(try await received == tooMuch)
    }
  }

  @Test func `a write that moves has its time anew for each wait, and leaves no deadline`()
    async throws
  {
    try await withConnection(receiveBuffer: 4096) { connection, peer in
      let readiness = connection.handle.readiness
      connection.patience = .seconds(3600)
      async let deadlines = {
        var deadlines: Set<ContinuousClock.Instant> = []
        var count = 0
        while count < tooMuch.count {
          await until { readiness.isAwaited(for: .writing) || readiness.deadline == nil }
          if let deadline = readiness.deadline { deadlines.insert(deadline) }
          count += try await peer.receive(min(1 << 20, tooMuch.count - count)).count
        }
        return deadlines
      }()
      try await connection.send(tooMuch)
      #expect(connection.deadline == nil)
      let count = try await deadlines.count
      #expect(count > 1)
    }
  }

  @Test(arguments: [true, false])
  func `a break is noticed while nothing is read, also one that came first, and silence is none`(
    isEarly: Bool
  ) async throws {
    try await withConnection { connection, peer in
      try await peer.send([1])
      if isEarly {
        peer.reset()
        // The poller has told of it.
        await #expect(throws: ConnectionError.self) { while try await connection.fill() {} }
      } else {
        peer.finishSending()
      }
      connection.handle.watchForBreak(true)
      if !isEarly {
        try connection.check()
        peer.reset()
      }
      await until { (try? connection.check()) == nil }
      #expect(throws: ConnectionError.interrupted(.vanished)) { try connection.check() }
    }
  }
}

/// The last bytes of a connection.
@Suite(.timeLimit(.minutes(10))) struct ConnectionEndTests {
  @Test(arguments: [[], tooMuch])
  func `they arrive whole despite unread bytes and an interrupt, after what that left unsent`(
    unsent: [UInt8]
  ) async throws {
    try await withConnection(receiveBuffer: 4096) { connection, peer in
      let handle = connection.handle
      try await peer.send([UInt8](repeating: 0, count: 50_000))
      connection.append(unsent)
      async let interrupted: Void = {
        if !unsent.isEmpty { await until { handle.readiness.isAwaited(for: .writing) } }
        handle.interrupt(.superseded)
      }()
      if !unsent.isEmpty {
        await #expect(throws: ConnectionError.self) { try await connection.flush() }
      }
      await interrupted
      let error = ServerMessage.error(code: .superseded, reason: "")
      connection.append(error)
      async let received = {
        defer { peer.close() }
        return try await peer.receive(.max)
      }()
      await connection.finish(within: .seconds(3600), discarding: 1 << 20)
      let bytes = try await received
      #expect(bytes == unsent + error.frame)
    }
  }

  @Test func `so many bytes are discarded, and a peer that does not close is waited for so long`()
    async throws
  {
    try await withConnection { connection, peer in
      try await peer.send([UInt8](repeating: 0, count: 300_000))
      await connection.finish(within: .seconds(3600), discarding: 10_000)
      #expect(try await connection.fill())
      await connection.finish(within: .milliseconds(10), discarding: 1 << 20)
      let rest = try await peer.receive(1)
      #expect(rest == [])
    }
  }

  @Test(arguments: [true, false])
  func `the end of the program hurries them, before and while they are sent`(
    isEarly: Bool
  ) async throws {
    try await withConnection { connection, _ in
      let handle = connection.handle
      handle.interrupt(.superseded)
      if isEarly { handle.interrupt(.shuttingDown) }
      async let interrupted: Void = {
        await until { handle.readiness.isAwaited(for: .reading) }
        handle.interrupt(.shuttingDown)
      }()
      await connection.finish(within: .seconds(3600), discarding: 1 << 20)
      await interrupted
    }
  }
}
