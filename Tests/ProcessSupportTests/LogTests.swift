import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import ProcessSupport

@Suite struct LogLineTests {
  @Test(
    arguments: [
      ("DEBUG", .debug), ("debug", .debug), ("INFO", .info), ("Info", .info), ("NOTICE", .info),
      ("WARNING", .warning), ("warn", .warning), ("ERROR", .error), ("CRITICAL", .critical),
      ("fatal", .critical), ("", nil), (" INFO", nil), ("INFO ", nil), ("TRACE", nil), ("20", nil),
      ("INF", nil),
    ] as [(String, LogLevel?)])
  func `a level has the names of Python and of Go, in any case`(text: String, level: LogLevel?) {
    #expect(LogLevel(name: text) == level)
    if let level { #expect(LogLevel(name: level.name) == level) }
  }

  private static func x(_ count: Int) -> String { String(repeating: "x", count: count) }

  @Test(arguments: [
    (LogLine("receive_message", .success), "action: receive_message | result: success"),
    (LogLine("a", .fail), "action: a | result: fail"),
    (LogLine("a", .inProgress), "action: a | result: in_progress"),
    (
      LogLine("a", .success, ["dni": "007", "numero": "|\n", "a": ""]),
      "action: a | result: success | dni: 007 | numero: \\u{7C}\\n | a: "
    ),
  ])
  func `a line is action, result and fields in their order, and no value ends its field`(
    line: LogLine, text: String
  ) {
    #expect(line.text == text)
  }

  @Test(arguments: [
    (x(1024), x(1024)), (x(1025), x(1024) + "…"),
    (String(repeating: "ñ", count: 513), String(repeating: "ñ", count: 512) + "…"),
    (String(repeating: "\u{1}", count: 8000), String(repeating: "\\u{1}", count: 204) + "…"),
  ])
  func `a value is cut after 1024 bytes, between characters`(value: String, expected: String) {
    let line = LogLine("a", .success, ["msg": value, "more": "y"])
    #expect(line.text == "action: a | result: success | msg: \(expected) | more: y")
  }
}

@Suite(.timeLimit(.minutes(10))) struct LogTests {
  @Test(
    arguments: [
      (.python, ["DEBUG    ", "INFO     ", "WARNING  ", "ERROR    ", "CRITICAL "]),
      (.go, ["DEBUG     ", "INFO     ", "WARNI     ", "ERROR     ", "CRITI     "]),
    ] as [(LogLayout, [String])], LogLevel.allCases)
  func `only lines of the level and above are written, in their layout, and formatted`(
    layout: (of: LogLayout, columns: [String]), level: LogLevel
  ) throws {
    let file = try LogFile(layout.of, level: level)
    var made = 0
    func line() -> LogLine {
      made += 1
      return LogLine("config", .success)
    }
    file.log.debug(line())
    file.log.info(line())
    file.log.warning(line())
    file.log.error(line())
    file.log.critical(line())
    let columns = layout.columns.dropFirst(level.rawValue)
    #expect(try file.lines() == columns.map { $0 + "action: config | result: success" })
    #expect(made == columns.count)
    #expect(LogLevel.allCases.filter(file.log.writes) == LogLevel.allCases.filter { $0 >= level })
  }

  @Test func `a line begins with the local time at which it was logged`() throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    let file = try LogFile()
    let before = formatter.string(from: Date())
    file.log.info(LogLine("config", .success))
    let after = formatter.string(from: Date())
    file.log.flush()
    let times = try file.written().map { String($0.prefix(19)) }
    #expect(times.count == 1)
    #expect(times.allSatisfy { (before...after).contains($0) })
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
    let piped = PipedLog()
    try #require(fcntl(piped.output, F_SETFL, flags) == 0)
    // A pipe takes 64 KiB (pipe(7)); these lines are ten times that.
    piped.write(640)
    try piped.expectAll(of: 640)
    #expect(piped.log.flush())
  }

  @Test func `tasks that wait for room lose no line, however many there are`() async throws {
    let piped = PipedLog(stallLimit: .seconds(60))
    let count = 3 * Log.pendingLimit / PipedLog.lineSize
    let writer = Task(executorPreference: Worker(label: "writer")) {
      for _ in 0..<count {
        await piped.log.waitForRoom()
        piped.write(1)
      }
    }
    try piped.expectAll(of: count)
    await writer.value
  }

  @Test func `lines are written in small pieces, so that a slow reader shows`() throws {
    var pair: [Int32] = [-1, -1]
    // Each write is a message of its own.
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0)
    defer { for descriptor in pair { close(descriptor) } }
    let log = Log(layout: .go, level: .info, descriptor: pair[0])
    let count = 400_000 / PipedLog.lineSize
    for _ in 0..<count { log.info(PipedLog.line) }
    var sizes: [Int] = []
    var room = [UInt8](repeating: 0, count: 1 << 20)
    while sizes.reduce(0, +) < count * PipedLog.lineSize {
      sizes.append(try #require(recv(pair[1], &room, room.count, 0) as Int?))
    }
    #expect(sizes.allSatisfy { (1...65536).contains($0) })
  }

  @Test func `lines without room are lost and counted, and delay no caller`() async throws {
    let piped = PipedLog()
    let count = 3 * Log.pendingLimit / PipedLog.lineSize
    piped.write(count)
    let reader = Task(executorPreference: Worker(label: "reader")) {
      try piped.pipe.fileHandleForReading.readToEnd() ?? Data()
    }
    piped.log.flush()
    piped.log.info(LogLine("exit", .success))
    piped.log.flush()
    try piped.pipe.fileHandleForWriting.close()
    let lines = String(decoding: try await reader.value, as: UTF8.self)
      .split(separator: "\n").map { LogFile.withoutTime(String($0)) }
    #expect(lines.last == "INFO     action: exit | result: success")
    // The output may have taken some on the way: then there is more than one note.
    let note = "ERROR     action: log | result: fail | lost_lines: "
    let notes = lines.filter { $0.hasPrefix(note) }
    let lost = notes.reduce(0) { $0 + (Int($1.dropFirst(note.count)) ?? 0) }
    let kept = lines.count - 1 - notes.count
    #expect(kept >= Log.pendingLimit / PipedLog.lineSize)
    #expect(lost == count - kept && lost > 0)
  }

  @Test(arguments: [true, false])
  func `a task waits for room until the output stalls or the task is cancelled`(
    isCancelled: Bool
  ) async throws {
    let piped = PipedLog(stallLimit: isCancelled ? .seconds(3600) : .milliseconds(200))
    await piped.log.waitForRoom()
    // The first line is in the pipe, or waits in the log's own queue.
    let count = Log.crowdedSize / PipedLog.lineSize + 2
    piped.write(count)
    await withTaskGroup { group in
      for _ in 0..<10 { group.addTask { await piped.log.waitForRoom() } }
      if isCancelled { group.cancelAll() }
    }
    if !isCancelled {
      // Later calls do not wait for it again.
      let start = ContinuousClock.now
      for _ in 0..<1000 { await piped.log.waitForRoom() }
      #expect(start.duration(to: .now) < .seconds(50))
    }
    try piped.expectAll(of: count)
  }

  @Test(arguments: [true, false])
  func `a flush ends although the output is hardly read, or not at all`(isRead: Bool) async throws {
    let piped = PipedLog()
    piped.write(6000)
    let reader = Task(executorPreference: Worker(label: "reader")) {
      var taken = 0
      while isRead, !Task.isCancelled {
        taken += try piped.read(4096)
        usleep(5000)
      }
      return taken
    }
    #expect(!piped.log.flush(limit: .milliseconds(50)))
    reader.cancel()
    // What did not fit into the pipe is brought out by and by.
    try await piped.expectAll(of: 6000, without: reader.value)
    #expect(piped.log.flush())
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

/// A log whose output is a pipe.
private struct PipedLog {
  let pipe = Pipe()
  let log: Log
  var output: Int32 { pipe.fileHandleForWriting.fileDescriptor }

  /// A line, and its size.
  static let line = LogLine("config", .success, ["value": String(repeating: "x", count: 1000)])
  static let lineSize = 19 + 10 + "action: config | result: success | value: \n".count + 1000

  init(stallLimit: Duration = .seconds(1)) {
    log = Log(
      layout: .go, level: .info, descriptor: pipe.fileHandleForWriting.fileDescriptor,
      stallLimit: stallLimit)
  }

  func write(_ lines: Int) { for _ in 0..<lines { log.info(Self.line) } }

  /// Reads up to `count` bytes, and returns how many it was.
  func read(_ count: Int) throws -> Int {
    try pipe.fileHandleForReading.read(upToCount: count)?.count ?? 0
  }

  /// Expects as many bytes as `lines` have, `taken` of which were read before.
  func expectAll(of lines: Int, without taken: Int = 0) throws {
    var missing = lines * Self.lineSize - taken
    while missing > 0, case let count = try read(missing), count > 0 { missing -= count }
    #expect(missing == 0)
  }
}
