import Dispatch
import Glibc
package import LotteryProtocol
import Synchronization

/// A program's log, on standard output.
///
/// Logging a line copies it into memory and never blocks. A queue of its own writes the lines, so a
/// slow terminal or a pipe without a reader delays no thread, neither of a connection nor of the
/// end.
///
/// The lines that wait are bounded, and there is one rule for an output that is slow: it is waited
/// for while it moves. A task that logs many lines suspends in ``waitForRoom()`` while more than
/// half of ``pendingLimit`` is taken, so no line is lost while the output is read at all. Once the
/// output has taken nothing for `stallLimit`, tasks stop waiting, and lines for which there is no
/// room are lost. A line of its own counts them.
///
/// At the end the caller of ``flush(limit:)`` writes what is left, under one deadline.
package final class Log: Sendable {
  private struct State {
    var clock = LogClock()
    /// Lines that wait to be written, the first ``taken`` bytes of which are written already.
    var pending: [UInt8] = []
    var taken = 0
    var waiting: Int { pending.count - taken }
    /// Whether the queue writes or will write. True while lines wait.
    var isWriting = false
    /// Lines for which there was no room since the last line for which there was.
    var lost = 0
    var strangers = LogBudget()
    /// Fulfilled when there is room again. Nil while no task waits for room.
    var room: Promise<Void>?
    /// Whether the output has taken nothing for `stallLimit`.
    var isStuck = false
  }

  /// What stands between time and message, by level.
  private let columns: [String]
  private let leastLevel: Atomic<Int>
  private let output: Output
  private let stallLimit: Duration
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "log")
  /// Held by the thread that writes.
  private let turn = DispatchSemaphore(value: 1)

  /// The most bytes of lines that wait to be written, and one line.
  static let pendingLimit = 8 * 1024 * 1024
  /// The size of the pending lines above which tasks wait, which leaves room for callers that
  /// cannot.
  static let crowdedSize = pendingLimit / 2
  /// The size up to which the memory of written lines is kept for the next ones.
  private static let keptSize = 64 * 1024
  /// How long the queue waits for the output before a flush may have its turn.
  private static let longestTurn = Duration.milliseconds(100)

  /// A log of the lines of `level` and above.
  /// - Parameter stallLimit: how long the output may take nothing before tasks stop waiting for it.
  package init(
    layout: LogLayout, level: LogLevel, descriptor: Int32 = STDOUT_FILENO,
    stallLimit: Duration = .seconds(1)
  ) {
    columns = LogLevel.allCases.map(layout.column)
    leastLevel = Atomic(level.rawValue)
    output = Output(descriptor: descriptor)
    self.stallLimit = stallLimit
  }

  package func writes(_ level: LogLevel) -> Bool {
    level.rawValue >= leastLevel.load(ordering: .relaxed)
  }

  package func setLevel(_ level: LogLevel) { leastLevel.store(level.rawValue, ordering: .relaxed) }

  package func debug(_ line: @autoclosure () -> LogLine) { write(.debug, line) }
  package func info(_ line: @autoclosure () -> LogLine) { write(.info, line) }
  /// Logs a problem that has been handled.
  package func warning(_ line: @autoclosure () -> LogLine) { write(.warning, line) }
  /// Logs a problem that an operator must look into.
  package func error(_ line: @autoclosure () -> LogLine) { write(.error, line) }
  /// Logs why the program ends.
  package func critical(_ line: @autoclosure () -> LogLine) { write(.critical, line) }

  /// Logs an event that anybody on the network can cause as often as they like. All of these
  /// together get ``LogBudget/limit`` lines a second. A line of its own counts the others.
  package func stranger(_ level: LogLevel, _ line: @autoclosure () -> LogLine) {
    guard writes(level), state.withLock({ $0.strangers.take(in: $0.clock.update()) }) else {
      return
    }
    write(level, line)
  }

  /// Suspends the task while too many lines wait: until there is room, the task is cancelled, or
  /// the output has taken nothing for `stallLimit`.
  package func waitForRoom() async {
    while true {
      let room = state.withLock { state -> Promise<Void>? in
        guard state.waiting > Self.crowdedSize, !state.isStuck else { return nil }
        state.room = state.room ?? Promise()
        return state.room
      }
      guard await room?.wait() != nil else { return }
    }
  }

  /// Writes all lines so far, and waits for the output for at most `limit`: a program must be able
  /// to end although its output is not read. As long as the output takes lines at once, it gets
  /// them, however slow the machine is.
  /// - Returns: whether all lines have been written.
  @discardableResult
  package func flush(limit: Duration = .seconds(60)) -> Bool {
    let deadline = ContinuousClock.now + limit
    guard turn.wait(timeout: .now() + .nanoseconds(limit.nanoseconds)) == .success else {
      return false
    }
    defer { turn.signal() }
    state.withLock { countMissing(&$0) }
    while true {
      switch writePiece(waitingAtMost: max(.zero, ContinuousClock.now.duration(to: deadline))) {
      case .moved: continue
      case .stood: return false
      case .nothingLeft: return true
      }
    }
  }
}

/// From the callers to the output.
extension Log {
  private func write(_ level: LogLevel, _ line: () -> LogLine) {
    OrderlyEnd.noteStep()
    guard writes(level) else { return }
    let line = line()
    let mustStart = state.withLock { state in
      guard state.waiting < Self.pendingLimit else {
        state.lost += 1
        return false
      }
      countMissing(&state)
      append(line, level, to: &state)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { queue.async { self.writePending() } }
  }

  /// Appends a line for those that were lost after the last one, and for those of strangers that
  /// were left out before this second.
  private func countMissing(_ state: inout State) {
    if state.lost > 0 {
      append(LogLine("log", .fail, ["lost_lines": "\(state.lost)"]), .error, to: &state)
      state.lost = 0
    }
    let suppressed = state.strangers.takeSuppressed(before: state.clock.update())
    if suppressed > 0 {
      append(LogLine("log", .success, ["suppressed_lines": "\(suppressed)"]), .warning, to: &state)
    }
  }

  private func append(_ line: LogLine, _ level: LogLevel, to state: inout State) {
    state.clock.update()
    state.pending.append(copying: state.clock.text.utf8.span)
    state.pending.append(copying: columns[level.rawValue].utf8.span)
    state.pending.append(copying: line.bytes.span)
    state.pending.append(UInt8(ascii: "\n"))
  }

  private func writePending() {
    var still = Duration.zero
    while true {
      let patience = min(stallLimit, Self.longestTurn)
      turn.wait()
      let result = writePiece(waitingAtMost: patience)
      turn.signal()
      switch result {
      case .moved: still = .zero
      case .nothingLeft: return
      case .stood:
        still += patience
        if still >= stallLimit { noteStall() }
      }
    }
  }

  private enum Result { case moved, stood, nothingLeft }

  /// Writes the first lines that wait, as many as fit a piece. The caller has the turn.
  private func writePiece(waitingAtMost limit: Duration) -> Result {
    guard let piece = nextPiece() else { return .nothingLeft }
    guard output.waits(atMost: limit) else { return .stood }
    // If the output fails, what waits is dropped: there is nowhere to report it.
    let count = try? output.write(piece.span)
    noteWritten(count)
    if count != 0 { OrderlyEnd.noteStep() }
    return .moved
  }

  /// Whole lines if possible: so those of several programs in one pipe stay whole.
  private func nextPiece() -> [UInt8]? {
    state.withLock { state in
      guard state.waiting > 0 else {
        state.isWriting = false
        return nil
      }
      let piece = state.pending[state.taken...].prefix(Output.pieceSize)
      let end = piece.lastIndex(of: UInt8(ascii: "\n"))
      return Array(end.map { piece[...$0] } ?? piece)
    }
  }

  /// Removes `count` bytes that the output took, or all if it failed.
  private func noteWritten(_ count: Int?) {
    let room = state.withLock { state in
      state.taken += count ?? state.waiting
      if state.taken == state.pending.count {
        state.pending.removeAll(keepingCapacity: state.taken <= Self.keptSize)
        state.taken = 0
      } else if state.taken >= Self.crowdedSize {
        state.pending.removeFirst(state.taken)
        state.taken = 0
      }
      state.isStuck = false
      return state.waiting <= Self.crowdedSize ? state.room.take() : nil
    }
    room?.fulfill(())
  }

  /// Lets tasks go that wait for room.
  private func noteStall() {
    let room = state.withLock { state in
      state.isStuck = true
      return state.room.take()
    }
    room?.fulfill(())
  }
}

/// A descriptor that texts are written to: a terminal, a pipe, a file.
///
/// Another process may have made it non-blocking, and nobody may read from it. So each write is
/// preceded by a wait that ends.
package struct Output: Sendable {
  let descriptor: Int32

  package init(descriptor: Int32) { self.descriptor = descriptor }

  /// Bytes that a pipe takes at once or not at all, if poll(2) says that it takes any (pipe(7)).
  static let pieceSize = 4096

  /// Waits until the output takes bytes, for at most `limit`.
  /// - Returns: whether it does. If the wait fails, a write will tell.
  package func waits(atMost limit: Duration) -> Bool {
    var output = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    return poll(&output, 1, Int32(clamping: limit.nanoseconds / 1_000_000)) != 0
  }

  /// Writes the front of `piece`, which is at most ``pieceSize`` long, if the output takes it.
  /// - Returns: how many bytes it took.
  package func write(_ piece: Span<UInt8>) throws(SystemError) -> Int {
    try SystemError.checkUnlessItBlocks("write") {
      piece.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
    } ?? 0
  }

  /// Writes all of `bytes`, however long that takes.
  func writeAll(_ bytes: [UInt8]) throws(SystemError) {
    var start = 0
    while start < bytes.count {
      guard waits(atMost: .seconds(3600)) else { continue }
      let end = min(bytes.count, start + Self.pieceSize)
      start += try write(bytes.span.extracting(start..<end))
    }
  }
}
