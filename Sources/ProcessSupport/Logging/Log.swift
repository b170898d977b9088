import Dispatch
import Glibc
import LotteryCore
import LotteryProtocol
import Synchronization

/// A program's log, on standard output.
///
/// Logging a line copies it into memory and never waits; a queue of its own writes it. So a slow
/// terminal or a pipe that nobody reads holds up no thread, neither of a connection nor of the
/// handler of SIGTERM. What waits to be written is bounded: a task that makes many lines suspends
/// in ``waitForRoom()`` while more than half of ``pendingLimit`` is taken, so that nothing is lost
/// while the output is read at all. Once nothing has been written for ``patience`` nobody waits any
/// more; lines that find no room are lost then, and a line of their own counts them.
package final class Log: Sendable {
  private struct State {
    var clock = LogClock()
    var pending: [UInt8] = []
    var isWriting = false
    /// Lines that found no room since the last that did.
    var lost = 0
    /// Opens when there is room again; there while a task waits for that.
    var room: Promise<Void>?
    /// Whether the output has not taken anything for too long to be waited for.
    var isStuck = false
  }

  private let layout: LogLayout
  private let leastLevel: Atomic<Int>
  private let descriptor: Int32
  private let patience: Duration
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "log")
  /// Bytes that have been written.
  private let written = Atomic(0)

  /// Bytes of lines that may wait to be written.
  static let pendingLimit = 8 * 1024 * 1024
  /// Bytes from which on tasks wait for room, so that those that cannot wait still find some.
  static let crowdedSize = pendingLimit / 2

  /// Bytes written in one go.
  private static let writeSize = 64 * 1024

  /// A log of what matters at least as much as `level`.
  ///
  /// - Parameter patience: how long the output may take nothing before nobody waits for it.
  package init(
    layout: LogLayout, level: LogLevel, descriptor: Int32 = STDOUT_FILENO,
    patience: Duration = .seconds(1)
  ) {
    self.layout = layout
    leastLevel = Atomic(level.rawValue)
    self.descriptor = descriptor
    self.patience = patience
  }

  /// Whether lines of this level are written.
  package func writes(_ level: LogLevel) -> Bool {
    level.rawValue >= leastLevel.load(ordering: .relaxed)
  }

  /// From now on logs what matters at least as much as `level`.
  package func setLevel(_ level: LogLevel) {
    leastLevel.store(level.rawValue, ordering: .relaxed)
  }

  /// Logs what only somebody who looks for a fault wants to know.
  package func debug(_ line: @autoclosure () -> LogLine) { write(.debug, line) }

  /// Logs what happened.
  package func info(_ line: @autoclosure () -> LogLine) { write(.info, line) }

  /// Logs what should not have happened and was dealt with.
  package func warning(_ line: @autoclosure () -> LogLine) { write(.warning, line) }

  /// Logs what somebody must look after.
  package func error(_ line: @autoclosure () -> LogLine) { write(.error, line) }

  /// Logs why the program ends.
  package func critical(_ line: @autoclosure () -> LogLine) { write(.critical, line) }

  /// Suspends the task while too many lines wait to be written: until some of them are, the task is
  /// cancelled, or the output has taken nothing for too long.
  package func waitForRoom() async {
    while let (room, isNew) = latchUntilRoom() {
      if isNew { watch(room, written: written.load(ordering: .relaxed)) }
      guard await room.wait() != nil else { return }
    }
  }

  /// Writes all lines so far, and returns when that is done or the output has taken nothing for
  /// `limit`: a program must be able to end although nobody reads its output.
  ///
  /// An output that can be written to is waited for ten times as long. Then it is the machine that
  /// is busy: the queue has not had its turn.
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

  private func latchUntilRoom() -> (Promise<Void>, isNew: Bool)? {
    state.withLock { state in
      guard state.pending.count > Self.crowdedSize, !state.isStuck else { return nil }
      if let room = state.room { return (room, false) }
      let room = Promise<Void>()
      state.room = room
      return (room, true)
    }
  }

  /// Looks after every ``patience`` whether the output still takes something, as long as there are
  /// tasks that wait for it.
  private func watch(_ room: Promise<Void>, written before: Int) {
    Deadline.after(patience) {
      guard room.value == nil else { return }
      let now = self.written.load(ordering: .relaxed)
      if now > before { return self.watch(room, written: now) }
      self.state.withLock { state in
        // Another task may wait for new room already, which has a watch of its own.
        guard state.room === room else { return }
        state.isStuck = true
        state.room = nil
      }
      room.open(())
    }
  }

  private func write(_ level: LogLevel, _ line: () -> LogLine) {
    guard writes(level) else { return }
    let text = line().text
    let mustStart = state.withLock { state in
      guard state.pending.count < Self.pendingLimit else {
        state.lost += 1
        return false
      }
      append(text, level, to: &state)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { queue.async { self.writePending() } }
  }

  private func append(_ text: String, _ level: LogLevel, to state: inout State) {
    state.clock.update()
    state.pending += state.clock.text.utf8
    state.pending += layout.column(for: level).utf8
    state.pending += text.utf8
    state.pending.append(UInt8(ascii: "\n"))
  }

  private func writePending() {
    while true {
      let (lines, room) = state.withLock { state in takePending(&state) }
      room?.open(())
      if lines.isEmpty { return }
      writeAll(lines)
    }
  }

  private func takePending(_ state: inout State) -> (lines: [UInt8], room: Promise<Void>?) {
    defer {
      state.isWriting = !state.pending.isEmpty
      (state.pending, state.lost, state.room, state.isStuck) = ([], 0, nil, false)
    }
    // After the last line that found room, and before the next one that will.
    if state.lost > 0 {
      append(LogLine("log", .fail, ["lost_lines": "\(state.lost)"]).text, .error, to: &state)
    }
    return (state.pending, state.room)
  }

  /// A log that cannot be written has nobody to tell; the program goes on without it.
  private func writeAll(_ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      // A pipe takes a write as a whole: a large one would hide for long that its reader reads.
      let part = start..<min(bytes.count, start + Self.writeSize)
      let count = try? SystemError.check("write") {
        bytes.span.extracting(part).withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
      }
      guard let count else { return }
      start += count
      written.wrappingAdd(count, ordering: .relaxed)
    }
  }
}
