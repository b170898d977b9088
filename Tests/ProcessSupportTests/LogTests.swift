import Foundation
import Synchronization
import TestSupport
import Testing

@testable import ProcessSupport

@Suite(.timeLimit(.minutes(10))) struct LogTests {
  @Test(
    arguments: [
      (.debug, ["d", "i", "w", "e"]), (.info, ["i", "w", "e"]), (.warning, ["w", "e"]),
      (.error, ["e"]), (.critical, []),
    ] as [(LogLevel, [String])])
  func `only lines of the level and above are written, and formatted`(
    level: LogLevel, expected: [String]
  ) throws {
    let file = try LogFile(.go, level: level)
    var made: [String] = []
    func line(_ action: StaticString) -> LogLine {
      made.append("\(action)")
      return LogLine(action, .success)
    }
    file.log.debug(line("d"))
    file.log.info(line("i"))
    file.log.warning(line("w"))
    file.log.error(line("e"))
    let lines = try file.lines()
    #expect(lines.map { $0.suffix(19) } == expected.map { "\($0) | result: success" })
    #expect(made == expected)
    #expect(LogLevel.allCases.filter(file.log.writes) == LogLevel.allCases.filter { $0 >= level })
  }

  @Test func `no line of many writers is lost or torn or out of order`() async throws {
    let file = try LogFile()
    let log = file.log
    await withTaskGroup(of: Void.self) { group in
      for writer in 0..<20 {
        group.addTask {
          for number in 0..<500 {
            log.info(LogLine("w", .success, ["writer": "\(writer)", "number": "\(number)"]))
            if number % 100 == 0 { log.flush() }
          }
        }
      }
    }
    log.flush()
    let lines = try file.lines()
    #expect(lines.count == 20 * 500)
    for writer in 0..<20 {
      let prefix = "INFO     action: w | result: success | writer: \(writer) | number: "
      let numbers = lines.filter { $0.hasPrefix(prefix) }.map { $0.dropFirst(prefix.count) }
      #expect(numbers == (0..<500).map { "\($0)"[...] })
    }
  }

  @Test(arguments: [0, O_NONBLOCK])
  func `a slow reader delays no caller and gets all lines in the end`(flags: Int32) throws {
    let (pipe, log) = Self.piped()
    try #require(fcntl(pipe.fileHandleForWriting.fileDescriptor, F_SETFL, flags) == 0)
    // A pipe takes 64 KiB (pipe(7)); these lines are ten times that.
    for _ in 0..<640 { log.info(Self.line) }
    let size = 640 * Self.lineSize
    #expect(try read(size, from: pipe) == size)
    #expect(log.flush())
  }

  /// A log whose output is a pipe.
  private static func piped(stallLimit: Duration = .seconds(1)) -> (pipe: Pipe, log: Log) {
    let pipe = Pipe()
    let descriptor = pipe.fileHandleForWriting.fileDescriptor
    return (pipe, Log(layout: .go, level: .info, descriptor: descriptor, stallLimit: stallLimit))
  }

  /// A value, and the size of a line of this file that holds nothing else.
  private static let value = String(repeating: "x", count: 1000)
  private static let lineSize =
    19 + 10 + "action: config | result: success | value: \n".count + 1000
  private static let line = LogLine("config", .success, ["value": value])

  @Test func `tasks that wait for room lose no line, however many there are`() async throws {
    let (pipe, log) = Self.piped(stallLimit: .seconds(60))
    let count = 3 * Log.pendingLimit / Self.lineSize
    let received = Mutex(0)
    let reader = DispatchGroup()
    DispatchQueue(label: "reader").async(group: reader) {
      received.withLock { $0 = (try? read(count * Self.lineSize, from: pipe)) ?? 0 }
    }
    for _ in 0..<count {
      await log.waitForRoom()
      log.info(Self.line)
    }
    await withCheckedContinuation { done in reader.notify(queue: .global()) { done.resume() } }
    #expect(received.withLock { $0 } == count * Self.lineSize)
  }

  @Test func `lines are written in small pieces, so that a slow reader shows`() throws {
    var pair: [Int32] = [-1, -1]
    // Each write is a message of its own.
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
    defer { for descriptor in pair { close(descriptor) } }
    let log = Log(layout: .go, level: .info, descriptor: pair[0])
    let count = 400_000 / Self.lineSize
    for _ in 0..<count { log.info(Self.line) }
    var sizes: [Int] = []
    var room = [UInt8](repeating: 0, count: 1 << 20)
    while sizes.reduce(0, +) < count * Self.lineSize {
      sizes.append(try #require(recv(pair[1], &room, room.count, 0) as Int?))
    }
    #expect(sizes.allSatisfy { (1...65536).contains($0) })
  }

  @Test func `lines without room are lost and counted, and delay no caller`() throws {
    let (pipe, log) = Self.piped()
    let count = 3 * Log.pendingLimit / Self.lineSize
    for _ in 0..<count { log.info(Self.line) }
    let reader = Mutex<[UInt8]>([])
    let isAtEnd = DispatchSemaphore(value: 0)
    DispatchQueue(label: "reader").async {
      while let part = try? pipe.fileHandleForReading.read(upToCount: 1 << 20), !part.isEmpty {
        reader.withLock { $0 += part }
      }
      isAtEnd.signal()
    }
    log.flush()
    log.info(LogLine("exit", .success))
    log.flush()
    try pipe.fileHandleForWriting.close()
    isAtEnd.wait()
    let lines = reader.withLock { String(decoding: $0, as: UTF8.self) }
      .split(separator: "\n").map { LogFile.withoutTime(String($0)) }
    #expect(lines.last == "INFO     action: exit | result: success")
    // The output may have taken some on the way: then there is more than one note.
    let note = "ERROR     action: log | result: fail | lost_lines: "
    let notes = lines.filter { $0.hasPrefix(note) }
    let lost = notes.reduce(0) { $0 + (Int($1.dropFirst(note.count)) ?? 0) }
    let kept = lines.count - 1 - notes.count
    #expect(kept >= Log.pendingLimit / Self.lineSize)
    #expect(lost == count - kept && lost > 0)
  }

  @Test func `a task waits for room no longer than the output may stall`() async throws {
    let (pipe, log) = Self.piped(stallLimit: .milliseconds(200))
    await log.waitForRoom()
    // The first line is in the pipe, or waits in the log's own queue.
    log.info(Self.line)
    for _ in 0...(Log.crowdedSize / Self.lineSize) { log.info(Self.line) }
    // The output stalls: all waiters return, and later calls do not wait.
    await withTaskGroup { group in
      for _ in 0..<10 { group.addTask { await log.waitForRoom() } }
    }
    let start = ContinuousClock.now
    for _ in 0..<1000 { await log.waitForRoom() }
    #expect(start.duration(to: .now) < .seconds(50))
    let size = (Log.crowdedSize / Self.lineSize + 2) * Self.lineSize
    #expect(try read(size, from: pipe) == size)
  }

  @Test func `a task that is cancelled does not wait for room`() async throws {
    let (pipe, log) = Self.piped(stallLimit: .seconds(3600))
    for _ in 0...(Log.crowdedSize / Self.lineSize + 1) { log.info(Self.line) }
    let waiting = Task { await log.waitForRoom() }
    waiting.cancel()
    await waiting.value
    let size = (Log.crowdedSize / Self.lineSize + 2) * Self.lineSize
    #expect(try read(size, from: pipe) == size)
  }

  @Test func `a flush ends although the output is not read`() throws {
    let (pipe, log) = Self.piped()
    for _ in 0..<100 { log.info(Self.line) }
    #expect(!log.flush(limit: .milliseconds(20)))
    // What did not fit into the pipe is brought out by and by.
    #expect(try read(100 * Self.lineSize, from: pipe) == 100 * Self.lineSize)
  }

  @Test func `a flush ends although the output is hardly read`() throws {
    let (pipe, log) = Self.piped()
    for _ in 0..<6000 { log.info(Self.line) }
    let isOver = Mutex(false)
    let reader = DispatchGroup()
    DispatchQueue(label: "reader").async(group: reader) {
      while !isOver.withLock({ $0 }) {
        _ = try? pipe.fileHandleForReading.read(upToCount: 4096)
        usleep(5000)
      }
    }
    #expect(!log.flush(limit: .milliseconds(50)))
    isOver.withLock { $0 = true }
    reader.wait()
    DispatchQueue(label: "reader").async {
      while let part = try? pipe.fileHandleForReading.read(upToCount: 1 << 16), !part.isEmpty {}
    }
    #expect(log.flush())
  }

  @Test func `strangers get so many lines a second, and the others are counted`() throws {
    let file = try LogFile(.go)
    var made = 0
    func line() -> LogLine {
      made += 1
      return LogLine("stranger", .success)
    }
    // In one second, or in a few.
    for _ in 0..<10 * LogBudget.limit {
      file.log.stranger(.info, line())
      file.log.stranger(.debug, line())
    }
    let lines = try file.lines(of: "stranger").count
    #expect((LogBudget.limit..<5 * LogBudget.limit).contains(lines))
    // A line that is left out costs nothing.
    #expect(made == lines)
    let start = time(nil)
    while time(nil) == start { file.log.info(LogLine("agency", .success)) }
    file.log.info(LogLine("agency", .success))
    let note = "WARNI     action: log | result: success | suppressed_lines: "
    let suppressed = try file.lines(of: "log").filter { $0.hasPrefix(note) }
      .reduce(0) { $0 + (Int($1.dropFirst(note.count)) ?? 0) }
    #expect(lines + suppressed == 10 * LogBudget.limit)
  }

  @Test func `a log that cannot be written stops no caller`() {
    let descriptor = open("/dev/full", O_WRONLY)
    defer { close(descriptor) }
    let log = Log(layout: .go, level: .info, descriptor: descriptor)
    for _ in 0..<10 {
      log.info(LogLine("config", .success))
      log.flush()
    }
    #expect(descriptor >= 0)
  }
}

/// Reads `count` bytes, or what there is before the other end closes; returns how many it was.
private func read(_ count: Int, from pipe: Pipe) throws -> Int {
  var taken = 0
  while taken < count {
    let part = try pipe.fileHandleForReading.read(upToCount: count - taken)?.count ?? 0
    if part == 0 { break }
    taken += part
  }
  return taken
}
