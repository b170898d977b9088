import Foundation
import TestSupport
import Testing

@testable import ProcessSupport

/// The layout of log lines.
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
