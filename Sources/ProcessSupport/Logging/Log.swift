import Dispatch
public import Glibc
import LotteryProtocol
import Synchronization

/// A program's log, on standard output.
///
/// Writing a line costs a copy into memory; a queue of its own brings it out, so that a slow
/// terminal or pipe holds up nobody. Only where ``pendingLimit`` bytes wait to be written does the
/// writer wait too: a log neither loses lines nor grows without bound.
public final class Log: Sendable {
  private struct State {
    var clock = LogClock()
    var pending: [UInt8] = []
    var isWriting = false
  }

  private let layout: LogLayout
  private let leastLevel: Atomic<Int>
  private let descriptor: Int32
  private let state = Mutex(State())
  private let queue = DispatchQueue(label: "log")
  /// Bytes that have been brought out.
  private let written = Atomic(0)

  /// Bytes of lines that may wait to be written.
  static let pendingLimit = 8 * 1024 * 1024

  /// A log of what matters at least as much as `level`.
  public init(layout: LogLayout, level: LogLevel, descriptor: Int32 = STDOUT_FILENO) {
    self.layout = layout
    leastLevel = Atomic(level.rawValue)
    self.descriptor = descriptor
  }

  /// Whether lines of this level are written.
  public func writes(_ level: LogLevel) -> Bool {
    level.rawValue >= leastLevel.load(ordering: .relaxed)
  }

  /// From now on logs what matters at least as much as `level`.
  public func setLevel(_ level: LogLevel) {
    leastLevel.store(level.rawValue, ordering: .relaxed)
  }

  /// Logs what only somebody who looks for a fault wants to know.
  public func debug(_ line: @autoclosure () -> LogLine) { write(.debug, line) }

  /// Logs what happened.
  public func info(_ line: @autoclosure () -> LogLine) { write(.info, line) }

  /// Logs what should not have happened and was dealt with.
  public func warning(_ line: @autoclosure () -> LogLine) { write(.warning, line) }

  /// Logs what somebody must look after.
  public func error(_ line: @autoclosure () -> LogLine) { write(.error, line) }

  /// Logs why the program ends.
  public func critical(_ line: @autoclosure () -> LogLine) { write(.critical, line) }

  /// Returns when all lines so far have been written.
  public func flush() {
    queue.sync { writePending() }
  }

  /// Likewise, or when nobody has taken anything for as long as `patience`: a program must be able to
  /// end where its output is a pipe that is full and not read.
  public func flush(patience: Duration) {
    let isDone = DispatchSemaphore(value: 0)
    queue.async {
      self.writePending()
      isDone.signal()
    }
    var taken: Int
    repeat {
      taken = written.load(ordering: .relaxed)
      if isDone.wait(timeout: .now() + .nanoseconds(patience.nanoseconds)) == .success { return }
    } while written.load(ordering: .relaxed) > taken
  }

  private func write(_ level: LogLevel, _ line: () -> LogLine) {
    guard writes(level) else { return }
    let text = line().text
    let (mustStart, mustWait) = state.withLock { state in
      state.clock.update()
      state.pending += state.clock.text.utf8
      state.pending += layout.column(for: level).utf8
      state.pending += text.utf8
      state.pending.append(UInt8(ascii: "\n"))
      let mustStart = !state.isWriting
      state.isWriting = true
      return (mustStart, state.pending.count > Self.pendingLimit)
    }
    if mustStart { queue.async { self.writePending() } }
    if mustWait { flush() }
  }

  private func writePending() {
    while true {
      let lines = state.withLock { state in
        defer { state.pending = [] }
        state.isWriting = !state.pending.isEmpty
        return state.pending
      }
      if lines.isEmpty { return }
      writeAll(lines)
    }
  }

  /// A log that cannot be written has nobody to tell; the program goes on without it.
  private func writeAll(_ bytes: [UInt8]) {
    var start = 0
    while start < bytes.count {
      let count = try? SystemError.check("write") {
        bytes.span.extracting(start...).withUnsafeBytes {
          Glibc.write(descriptor, $0.baseAddress, $0.count)
        }
      }
      guard let count else { return }
      start += count
      written.wrappingAdd(count, ordering: .relaxed)
    }
  }
}
