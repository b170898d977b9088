import Foundation
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
    let file = try LogFile()
    let log = Log(layout: layout, level: .debug, descriptor: file.descriptor)
    let line = LogLine("config", .success, ["port": "12345"])
    log.debug(line)
    log.info(line)
    log.warning(line)
    log.error(line)
    log.flush()
    let columns = (layout == .python ? python : go).prefix(4).map(\.1)
    let expected = columns.map { $0 + "action: config | result: success | port: 12345" }
    #expect(try file.lines().map { parts(of: $0).rest } == expected)
  }

  @Test func `a line begins with the local time at which it was logged`() throws {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.dateFormat = "yyyy-MM-dd HH:mm:ss"
    let file = try LogFile()
    let log = Log(layout: .python, level: .info, descriptor: file.descriptor)
    let before = formatter.string(from: Date())
    log.info(LogLine("config", .success))
    let after = formatter.string(from: Date())
    log.flush()
    let times = try file.lines().map { parts(of: $0).time }
    #expect(times.count == 1)
    #expect(times.allSatisfy { (before...after).contains($0) })
  }
}
