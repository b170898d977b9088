import Foundation
import TestSupport
import Testing

@testable import ProcessSupport

@Suite struct LogLayoutTests {
  @Test(
    arguments: [
      (.python, ["DEBUG    ", "INFO     ", "WARNING  ", "ERROR    "]),
      (.go, ["DEBUG     ", "INFO     ", "WARNI     ", "ERROR     "]),
    ] as [(LogLayout, [String])])
  func `a log writes its lines in its layout`(layout: LogLayout, columns: [String]) throws {
    let file = try LogFile(layout, level: .debug)
    let line = LogLine("config", .success, ["port": "12345"])
    file.log.debug(line)
    file.log.info(line)
    file.log.warning(line)
    file.log.error(line)
    #expect(
      try file.lines() == columns.map { $0 + "action: config | result: success | port: 12345" })
    let critical = layout == .python ? " CRITICAL " : " CRITI     "
    #expect(layout.column(for: .critical) == critical)
  }

  @Test func `a line begins with the local time at which it was logged`() throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    let file = try LogFile()
    let log = file.log
    let before = formatter.string(from: Date())
    log.info(LogLine("config", .success))
    let after = formatter.string(from: Date())
    log.flush()
    let times = try file.written().map { String($0.prefix(19)) }
    #expect(times.count == 1)
    #expect(times.allSatisfy { (before...after).contains($0) })
  }
}

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

  @Test func `levels are ordered by severity`() {
    #expect(LogLevel.allCases.sorted() == [.debug, .info, .warning, .error, .critical])
  }

  @Test(
    arguments: [
      (.success, "action: receive_message | result: success"),
      (.fail, "action: receive_message | result: fail"),
      (.inProgress, "action: receive_message | result: in_progress"),
    ] as [(LogLine.Result, String)])
  func `an action and its result come first`(result: LogLine.Result, expected: String) {
    #expect(LogLine("receive_message", result).text == expected)
  }

  @Test func `fields follow in their order, and no value ends its field or the line`() {
    let line = LogLine("a", .success, ["dni": "007", "numero": "|\n", "a": ""])
    #expect(line.text == "action: a | result: success | dni: 007 | numero: \\u{7C}\\n | a: ")
  }

  @Test(arguments: [
    (String(repeating: "x", count: 1024), String(repeating: "x", count: 1024)),
    (String(repeating: "x", count: 1025), String(repeating: "x", count: 1024) + "…"),
    (String(repeating: "ñ", count: 513), String(repeating: "ñ", count: 512) + "…"),
    (String(repeating: "\u{1}", count: 8000), String(repeating: "\\u{1}", count: 204) + "…"),
  ])
  func `a value is cut after 1024 bytes, between characters`(value: String, expected: String) {
    let line = LogLine("receive_message", .success, ["msg": value, "more": "y"])
    #expect(
      line.text == "action: receive_message | result: success | msg: \(expected) | more: y")
  }
}
