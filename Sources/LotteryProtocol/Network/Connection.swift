// One end of a TCP connection: the socket, the bytes that arrived, the bytes that are to be sent,
// and a deadline. Nothing here knows what the bytes mean.
//
// Short reads and short writes end here. TCP carries a stream of bytes without boundaries: recv(2)
// returns what has arrived, which may be half a message or three, and send(2) takes what fits into
// the kernel's buffer. So receiving and decoding are apart, and answers gather:
//
//     while try await connection.fill() {                  // waits until something has arrived
//       while let frame = try connection.nextFrame() { … } // never waits, copies nothing
//       try await connection.flush()                       // waits until the kernel has it all
//     }
//
// A call first tries. If the kernel answers `EAGAIN`, the task waits for ``Readiness`` and tries
// again. Three things end such a wait: the socket is ready, the deadline is over, or somebody has
// interrupted the connection through its ``Connection/Handle``. The deadline counts only if the
// socket is not ready: what a peer sent in time is taken, even if the process was stopped (SIGSTOP)
// until after the deadline. The wait does not look at the cancellation of the task. So a connection
// that was interrupted can still say why it ends: ``Connection/finish(within:discarding:)`` has a
// deadline of its own, which only the end of the program and the lack of room shorten.

import Synchronization

/// One end of a connection, used by one task at a time, on its worker.
public final class Connection {
  /// What others may do with it, from any thread.
  public let handle: Handle
  /// How long the peer may take for the next bytes of what is sent. Nil if only the ``deadline``
  /// counts.
  public var patience: Duration?

  private var input: InputBuffer
  private var output: [UInt8] = []
  private var sent = 0
  /// Where the packet ends that is being sent: at ``sent``, if none is.
  private var packetEnd = 0
  /// Bytes that were there at once, since the last wait or the last turn of other workers.
  private var immediate = 0

  /// Bytes that are there at once after which other workers have their turn.
  static let bytesInATurn = 64 * 1024
  /// What a read of few bytes counts as.
  private static let leastRead = 16 * 1024
  /// Whether a read has brought anything. The first one is not put off by a lack of room.
  private var hasReceived = false
  /// Memory for answers that is kept: thousands of connections may wait at the same time.
  private static let outputKept = 256

  /// - Parameter capacity: the most bytes that it holds before they are taken, at least
  ///   ``ProtocolLimits/packetSize`` if they are frames.
  public init(_ handle: Handle, capacity: Int) {
    self.handle = handle
    input = InputBuffer(capacity: capacity)
  }
}

/// Receiving.
extension Connection {
  /// Waits until more bytes have arrived. There must be room for them.
  ///
  /// An empty buffer releases its memory during the wait.
  /// - Returns: whether any have. If not, the peer sends no more.
  public func fill() async throws(ConnectionError) -> Bool {
    precondition(!input.isFull, "no room to receive into")
    var hasWaited = false
    while true {
      // First, so that a peer that sends without end cannot delay an interrupt.
      try handle.checkInterrupt(mayLackRoom: !hasReceived)
      if let count = try receive() {
        immediate = hasWaited ? 0 : immediate + max(count, Self.leastRead)
        if immediate >= Self.bytesInATurn {
          // Such a peer must not keep the thread from other workers either.
          immediate = 0
          await handle.worker.yield()
        }
        hasReceived = true
        return count > 0
      }
      try handle.check()
      input.releaseIfEmpty()
      await handle.readiness.wait(for: .reading)
      hasWaited = true
    }
  }

  /// Takes what has already arrived, and returns whether that was anything.
  public func fillNow() throws(ConnectionError) -> Bool {
    if input.isFull { return false }
    return (try receive() ?? 0) > 0
  }

  /// Whether the last bytes left no room, so that more may have arrived already.
  public var mayHaveMore: Bool { input.wasFilled && !input.isFull }

  /// The bytes that have arrived and were not taken.
  public var unread: ArraySlice<UInt8> { input.storage[input.unread] }

  /// Takes the first `count` bytes of ``unread``.
  public func consume(_ count: Int) { input.consume(count) }

  /// Takes the next frame, its header left out; nil if there is no complete one.
  ///
  /// The frame shares the memory of what arrived. It must be gone before the next ``fill()``, which
  /// would copy that memory otherwise.
  public func nextFrame() throws(WireError) -> ArraySlice<UInt8>? { try input.nextFrame() }

  /// Releases memory that the unread bytes do not need, until more arrive.
  public func park() { input.shrink() }

  /// Returns how many bytes it received, 0 if the peer sends no more, nil if nothing has arrived.
  private func receive() throws(ConnectionError) -> Int? {
    do throws(SystemError) {
      return try input.fill { room throws(SystemError) in try handle.socket.receive(into: room) }
    } catch {
      throw .broken(error)
    }
  }
}

/// Sending.
extension Connection {
  /// Adds a message to what ``flush()`` sends.
  public func append(_ message: some WireMessage) { message.append(to: &output) }

  /// Adds bytes to what ``flush()`` sends: whole frames, or no frames at all.
  public func append(_ bytes: some Sequence<UInt8>) { output += bytes }

  /// Sends what has gathered, and returns when the kernel has taken it all.
  ///
  /// Each frame has a send(2) of its own, so that no call passes on more than one message. The
  /// kernel learns that more follows, and may put several into one segment: fewer segments wake the
  /// receiver less often.
  ///
  /// What an interrupt leaves unsent stays, and goes out with the next flush: the peer never gets a
  /// part of a frame and then another one.
  public func flush() async throws(ConnectionError) {
    var hasWaited = false
    // Whether the kernel has taken bytes since the last wait.
    var hasMoved = true
    while isSending {
      if sent == packetEnd { packetEnd = endOfPacket() }
      if let count = try sendPacket() {
        sent += count
        hasMoved = true
        continue
      }
      if hasMoved, let patience { deadline = .now + patience } else { try handle.check() }
      (hasWaited, hasMoved) = (true, false)
      await handle.readiness.wait(for: .writing)
      try handle.checkInterrupt()
    }
    if hasWaited, patience != nil { deadline = nil }
    output.removeAll(keepingCapacity: output.capacity <= Self.outputKept)
    (sent, packetEnd) = (0, 0)
  }

  /// Whether the kernel has not taken all that gathered.
  public var isSending: Bool { sent < output.count }

  /// Returns how many bytes of the packet the kernel has taken, or nil if it takes none now.
  private func sendPacket() throws(ConnectionError) -> Int? {
    let bytes = output
    do throws(SystemError) {
      return try handle.socket.send(
        bytes.span.extracting(sent..<packetEnd), more: packetEnd < bytes.count)
    } catch {
      throw .broken(error)
    }
  }

  /// The end of the frame that begins at ``sent``. Bytes that are no frame end after
  /// ``ProtocolLimits/packetSize``.
  private func endOfPacket() -> Int {
    let rest = sent..<output.count
    if let frame = try? output.span.nextFrame(in: rest) { return frame.upperBound }
    return min(output.count, sent + ProtocolLimits.packetSize)
  }
}

/// The end.
extension Connection {
  /// The time at which waits for the peer end; nil if they may take as long as they like.
  public var deadline: ContinuousClock.Instant? {
    get { handle.readiness.deadline }
    set { handle.readiness.deadline = newValue }
  }

  /// Throws if a wait would, for a loop that need not wait for the peer.
  public func check() throws(ConnectionError) { try handle.check() }

  /// Sends what has gathered as the last bytes, and gives them time to arrive: discards up to
  /// `size` bytes that the peer still sends until it closes the connection too. An interrupt may
  /// shorten the time: ``Interruption/farewell``.
  ///
  /// A socket that is closed over unread bytes resets the connection, and a reset can destroy a
  /// message that the peer has not read yet.
  public func finish(within limit: Duration, discarding size: Int) async {
    patience = nil
    handle.beginEnd(within: limit)
    input = InputBuffer(capacity: Self.bytesInATurn)
    do throws(ConnectionError) {
      try await flush()
      handle.socket.shutdownWriting()
      var taken = 0
      // A peer that sends without end never makes `fill` wait.
      while taken < size, !handle.isOverdue, try await fill() {
        taken += input.unread.count
        input.consume(input.unread.count)
      }
    } catch {
      // Best effort: the peer has gone, or takes too long.
    }
  }

  /// Closes the connection. The descriptor is free when it returns.
  public func close() { handle.close() }
}

/// Why a connection cannot be used any more.
public enum ConnectionError: Error, Hashable, Sendable, CustomStringConvertible {
  case interrupted(Interruption)
  case broken(SystemError)

  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .interrupted(.cancelled): "cancelled"
    case .interrupted(.deadline): "the peer took too long"
    case .interrupted(.superseded): "a newer connection took over"
    case .interrupted(.shuttingDown): "shutting down"
    case .interrupted(.vanished): "the peer has vanished"
    case .interrupted(.noRoom): "too many connections"
    case .broken(let error): error.description
    }
  }
}

/// Why a connection is ended from outside.
public enum Interruption: Sendable {
  case cancelled
  case deadline
  case superseded
  case shuttingDown
  /// The peer has gone, while nothing was read from it.
  case vanished
  /// Others need its place. It may handle what has arrived.
  case noRoom

  /// What it leaves of the time for the last bytes; nil for all of it.
  var farewell: Duration? {
    switch self {
    case .cancelled, .deadline, .superseded, .vanished: nil
    case .shuttingDown: .milliseconds(250)
    case .noRoom: .zero
    }
  }
}

extension Connection {
  /// A connection as others see it: they may interrupt it, from any thread.
  ///
  /// The first interrupt counts. It ends the waits of the connection itself, and cancels the task
  /// of ``run(_:)``, which ends whatever else the task waits for. Only `.noRoom` cancels no task,
  /// gives way to other causes, and can be taken back: ``keepsPlace(_:)``.
  public final class Handle: Sendable {
    /// The address of the other end. Nil for a connection that this process made.
    public let peer: PeerAddress?
    /// Where the connection's task runs.
    public let worker: Worker

    package let socket: Socket
    let readiness: Readiness

    private struct State {
      var interruption: Interruption?
      /// Whether a lack of room is no reason to end.
      var keepsPlace = false
      var task: Task<Void, Never>?
      /// Whether the last bytes are on their way. Then interrupts come too late.
      var isEnding = false
      /// What interrupts leave of the time for the last bytes.
      var rest: Duration?
    }

    private let state = Mutex(State())

    /// Takes over a socket that is connected or connecting. If the kernel cannot watch one more
    /// socket, it is closed.
    init(
      _ socket: Socket, peer: PeerAddress?, worker: Worker, connecting: Bool = false
    ) throws(SystemError) {
      self.socket = socket
      self.peer = peer
      self.worker = worker
      readiness = try onError(socket.close) { () throws(SystemError) in
        try Readiness(of: socket.descriptor, writing: connecting)
      }
    }

    /// Does `work` in a task of its own on the worker, which closes the connection at its end.
    public func run(_ work: @escaping @Sendable () async -> Void) {
      let task = Task(executorPreference: worker) { await work() }
      let isInterrupted = state.withLock { state in
        state.task = task
        return state.interruption.map { $0 != .noRoom } ?? false
      }
      if isInterrupted { task.cancel() }
    }

    /// Returns when the work of ``run(_:)`` is done.
    public func ended() async { await state.withLock { $0.task }?.value }

    /// Ends what the connection waits for. Only the first cause counts, apart from `.noRoom`.
    public func interrupt(_ cause: Interruption) {
      let task = state.withLock { state -> Task<Void, Never>? in
        if cause == .noRoom, state.keepsPlace { return nil }
        if let rest = cause.farewell {
          state.rest = min(state.rest ?? rest, rest)
          if state.isEnding { hurry(rest) }
        }
        if state.interruption == nil || state.interruption == .noRoom { state.interruption = cause }
        return cause == .noRoom ? nil : state.task
      }
      readiness.wake()
      task?.cancel()
    }

    /// Decides whether the connection goes on if others need its place, also if it was interrupted
    /// for that already.
    public func keepsPlace(_ keeps: Bool) {
      state.withLock { state in
        state.keepsPlace = keeps
        if keeps, state.interruption == .noRoom { (state.interruption, state.rest) = (nil, nil) }
      }
    }

    /// Whether an interrupt for `.vanished` follows when the connection breaks. For the time in
    /// which nothing is read from it, and its end would go unnoticed.
    public func watchForBreak(_ watches: Bool) {
      guard watches else { return readiness.onBreak(nil) }
      readiness.onBreak { [weak self] in self?.interrupt(.vanished) }
    }

    func check() throws(ConnectionError) {
      try checkInterrupt()
      if isOverdue { throw .interrupted(.deadline) }
    }

    /// Throws if the connection was interrupted.
    /// - Parameter mayLackRoom: whether it goes on although others need its place.
    func checkInterrupt(mayLackRoom: Bool = false) throws(ConnectionError) {
      let cause = state.withLock { $0.isEnding ? nil : $0.interruption }
      if let cause, !(mayLackRoom && cause == .noRoom) { throw .interrupted(cause) }
    }

    var isOverdue: Bool { readiness.isOverdue(at: .now) }

    /// From now on only the deadline ends waits.
    func beginEnd(within limit: Duration) {
      state.withLock { state in
        state.isEnding = true
        readiness.deadline = .now + limit
        if let rest = state.rest { hurry(rest) }
      }
    }

    private func hurry(_ rest: Duration) {
      let end = ContinuousClock.now + rest
      readiness.deadline = min(readiness.deadline ?? end, end)
    }

    /// Closes the socket. To be called once, when no task waits for the connection.
    public func close() {
      readiness.cancel()
      socket.close()
    }
  }
}
