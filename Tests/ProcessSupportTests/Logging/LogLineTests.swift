import Foundation
import TestSupport
import Testing

@testable import ProcessSupport

@Suite struct LogLayoutTests {
  private let python: [(LogLevel, String)] = [
    (.debug, " DEBUG    "), (.info, " INFO     "), (.warning, " WARNING  "),
    (.error, " ERROR    "), (.critical, " CRITICAL "),
  ]
  private let go: [(LogLevel, String)] = [
    (.debug, " DEBUG     "), (.info, " INFO     "), (.warning, " WARNI     "),
    (.error, " ERROR     "), (.critical, " CRITI     "),
  ]

  @Test func `every level has its column in either layout`() {
    for (level, column) in python { #expect(LogLayout.python.column(for: level) == column) }
    for (level, column) in go { #expect(LogLayout.go.column(for: level) == column) }
  }

  @Test(arguments: [LogLayout.python, .go])
  func `a log writes its lines in its layout`(layout: LogLayout) throws {
    let file = try LogFile(layout, level: .debug)
    let log = file.log
    let line = LogLine("config", .success, ["port": "12345"])
    log.debug(line)
    log.info(line)
    log.warning(line)
    log.error(line)
    log.flush()
    let columns = (layout == .python ? python : go).prefix(4).map(\.1)
    let expected = columns.map { "\($0.dropFirst())action: config | result: success | port: 12345" }
    #expect(try file.lines() == expected)
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

@Suite struct LogLevelTests {
  @Test(
    arguments: [
      ("DEBUG", .debug), ("debug", .debug), ("INFO", .info), ("Info", .info), ("NOTICE", .info),
      ("WARNING", .warning), ("warn", .warning), ("ERROR", .error), ("CRITICAL", .critical),
      ("fatal", .critical),
    ] as [(String, LogLevel)])
  func `a level has the names of Python and of Go, in any case`(text: String, level: LogLevel) {
    #expect(LogLevel(name: text) == level)
  }

  @Test(arguments: ["", " INFO", "INFO ", "TRACE", "20", "INF"])
  func `any other text names no level`(text: String) {
    #expect(LogLevel(name: text) == nil)
  }

  @Test func `every level is found by its name`() {
    #expect(LogLevel.allCases.map { LogLevel(name: $0.name) } == LogLevel.allCases)
  }

  @Test func `levels are ordered by severity`() {
    #expect(LogLevel.allCases.sorted() == [.debug, .info, .warning, .error, .critical])
  }
}

@Suite struct LogLineTests {
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
