import LotteryProtocol

/// Reads a log while its program writes it.
struct LogFollower: ~Copyable {
  private let child: ChildProcess
  private let file: File
  private var buffer = InputBuffer(capacity: 64 * 1024)
  private var nextCheck = ContinuousClock.now

  /// How often it looks for more. This bounds how well the time between two lines can be told.
  static let interval = Duration.microseconds(500)
  /// How often it looks whether there will be more, which costs more.
  private static let checkInterval = Duration.milliseconds(100)

  /// Follows the log of `child` from its beginning.
  init(_ child: ChildProcess) throws(BenchError) {
    self.child = child
    do throws(SystemError) {
      file = try File(reading: child.log)
    } catch {
      throw .system(child.log, error)
    }
  }

  deinit {
    file.close()
  }

  /// Waits for the next line that holds `text`.
  mutating func line(with text: String) throws(BenchError) -> String {
    let start = ContinuousClock.now
    while start.duration(to: .now) < Processes.limit {
      let hasMore = try readMore()
      while let line = nextLine() {
        if line.contains(text) { return line }
      }
      if !hasMore { try wait() }
    }
    throw .tooSlow(program: child.program, Processes.limit, log: child.log)
  }

  /// - Throws: where the program has ended, and with it its log.
  private mutating func wait() throws(BenchError) {
    if ContinuousClock.now >= nextCheck {
      guard child.status.isRunning else {
        throw .unexpected("\(child.program) has ended before its time: see \(child.log)")
      }
      nextCheck = .now + Self.checkInterval
    }
    try Signals.wait(atMost: Self.interval)
  }

  private mutating func readMore() throws(BenchError) -> Bool {
    do throws(SystemError) {
      return try buffer.fill { room throws(SystemError) in try file.read(into: room) } > 0
    } catch {
      throw .system(child.log, error)
    }
  }

  private mutating func nextLine() -> String? {
    let unread = buffer.storage[buffer.unread]
    guard let end = unread.firstIndex(of: UInt8(ascii: "\n")) else {
      if buffer.isFull { buffer.consume(unread.count) }
      return nil
    }
    let line = String(decoding: unread[..<end], as: UTF8.self)
    buffer.consume(end + 1 - unread.startIndex)
    return line
  }
}
