import Dispatch
import Glibc
import LotteryCore
import LotteryProtocol
import Synchronization

/// A program's log, on standard output.
///
/// Logging a line copies it into memory and never blocks. A queue of its own writes the lines, so a
/// slow terminal or a pipe without a reader delays no thread, neither of a connection nor of the
/// handler of SIGTERM.
///
/// The lines that wait to be written are bounded. A task that logs many lines suspends in
/// ``waitForRoom()`` while more than half of ``pendingLimit`` is taken, so that no line is lost
/// while the output is read at all. Once the output has taken nothing for `stallLimit`, tasks stop
/// waiting. From then on a line for which there is no room is lost, and a line of its own counts
/// the lost ones.
package final class Log: Sendable {
  private struct State {
    var clock = LogClock()
    /// Lines that wait to be written, at most ``pendingLimit`` bytes and one line.
    var pending: [UInt8] = []
    /// Whether the queue writes or will write. True while `pending` is not empty.
    var isWriting = false
    /// Lines for which there was no room since the last line for which there was.
    var lost = 0
    /// Fulfilled when there is room again. Nil while no task waits for room.
    var room: Promise<Void>?
    /// Whether the output has taken nothing for `stallLimit`.
    var isStuck = false
  }

  /// What stands between time and message, by level.
  private let columns: [String]
  private let leastLevel: Atomic<Int>
  private let descriptor: Int32
  private let stallLimit: Duration
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "log")
  /// Bytes that have been written.
  private let written = Atomic(0)

  /// The most bytes of lines that wait to be written.
  static let pendingLimit = 8 * 1024 * 1024
  /// The size of the pending lines above which tasks wait, which leaves room for callers that
  /// cannot.
  static let crowdedSize = pendingLimit / 2

  /// Bytes written in one go.
  private static let writeSize = 64 * 1024

  /// A log of the lines of `level` and above.
  ///
  /// - Parameter stallLimit: how long the output may take nothing before tasks stop waiting for it.
  package init(
    layout: LogLayout, level: LogLevel, descriptor: Int32 = STDOUT_FILENO,
    stallLimit: Duration = .seconds(1)
  ) {
    columns = LogLevel.allCases.map(layout.column)
    leastLevel = Atomic(level.rawValue)
    self.descriptor = descriptor
    self.stallLimit = stallLimit
  }

  /// Whether lines of `level` are written.
  package func writes(_ level: LogLevel) -> Bool {
    level.rawValue >= leastLevel.load(ordering: .relaxed)
  }

  /// Logs only lines of `level` and above from now on.
  package func setLevel(_ level: LogLevel) {
    leastLevel.store(level.rawValue, ordering: .relaxed)
  }

  /// Logs a detail for debugging.
  package func debug(_ line: @autoclosure () -> LogLine) { write(.debug, line) }

  /// Logs an event.
  package func info(_ line: @autoclosure () -> LogLine) { write(.info, line) }

  /// Logs a problem that has been handled.
  package func warning(_ line: @autoclosure () -> LogLine) { write(.warning, line) }

  /// Logs a problem that an operator must look into.
  package func error(_ line: @autoclosure () -> LogLine) { write(.error, line) }

  /// Logs why the program ends.
  package func critical(_ line: @autoclosure () -> LogLine) { write(.critical, line) }

  /// Suspends the task while too many lines are pending.
  ///
  /// Returns when there is room, the task is cancelled, or the output has taken nothing for
  /// `stallLimit`.
  package func waitForRoom() async {
    while let (room, isNew) = promiseOfRoom() {
      if isNew { watch(room, written: written.load(ordering: .relaxed)) }
      guard await room.wait() != nil else { return }
    }
  }

  /// Waits until all lines so far are written, for at most `limit`: a program must be able to end
  /// although its output is not read.
  ///
  /// If the output is ready, it waits up to ten times as long. Then the machine is busy and the
  /// queue has not run yet.
  ///
  /// - Returns: whether all lines have been written.
  @discardableResult
  package func flush(limit: Duration = .seconds(60)) -> Bool {
    let isDone = DispatchSemaphore(value: 0)
    queue.async {
      self.writePending()
      isDone.signal()
    }
    for _ in 0..<10 {
      if isDone.wait(timeout: .now() + .nanoseconds(limit.nanoseconds)) == .success { return true }
      var output = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
      if poll(&output, 1, 0) < 1 { break }
    }
    return false
  }

  private func promiseOfRoom() -> (Promise<Void>, isNew: Bool)? {
    state.withLock { state in
      guard state.pending.count > Self.crowdedSize, !state.isStuck else { return nil }
      if let room = state.room { return (room, false) }
      let room = Promise<Void>()
      state.room = room
      return (room, true)
    }
  }

  /// Checks every `stallLimit` whether the output has taken something, while tasks wait for `room`.
  private func watch(_ room: Promise<Void>, written before: Int) {
    Deadline.after(stallLimit) {
      guard room.value == nil else { return }
      let now = self.written.load(ordering: .relaxed)
      if now > before { return self.watch(room, written: now) }
      self.state.withLock { state in
        // Another task may already wait for a new promise, which has a watch of its own.
        guard state.room === room else { return }
        state.isStuck = true
        state.room = nil
      }
      room.fulfill(())
    }
  }

  private func write(_ level: LogLevel, _ line: () -> LogLine) {
    OrderlyEnd.noteStep()
    guard writes(level) else { return }
    let line = line()
    let mustStart = state.withLock { state in
      guard state.pending.count < Self.pendingLimit else {
        state.lost += 1
        return false
      }
      append(line, level, to: &state)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { queue.async { self.writePending() } }
  }

  private func append(_ line: LogLine, _ level: LogLevel, to state: inout State) {
    state.clock.update()
    state.pending.append(copying: state.clock.text.utf8.span)
    state.pending.append(copying: columns[level.rawValue].utf8.span)
    state.pending.append(copying: line.bytes.span)
    state.pending.append(UInt8(ascii: "\n"))
  }

  private func writePending() {
    while true {
      let (lines, room) = state.withLock { state in takePending(&state) }
      room?.fulfill(())
      if lines.isEmpty { return }
      writeAll(lines)
    }
  }

  private func takePending(_ state: inout State) -> (lines: [UInt8], room: Promise<Void>?) {
    defer {
      state.isWriting = !state.pending.isEmpty
      (state.pending, state.lost, state.room, state.isStuck) = ([], 0, nil, false)
    }
    // After the last line for which there was room, and before the next one.
    if state.lost > 0 {
      append(LogLine("log", .fail, ["lost_lines": "\(state.lost)"]), .error, to: &state)
    }
    return (state.pending, state.room)
  }

  /// If the output fails, the lines are dropped: there is nowhere to report it.
  private func writeAll(_ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      // Small writes show early that the reader of a pipe still reads.
      let part = start..<min(bytes.count, start + Self.writeSize)
      let count = try? SystemError.check("write") {
        bytes.span.extracting(part).withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
      }
      guard let count, count > 0 else { return }
      start += count
      written.wrappingAdd(count, ordering: .relaxed)
      OrderlyEnd.noteStep()
    }
  }
}
