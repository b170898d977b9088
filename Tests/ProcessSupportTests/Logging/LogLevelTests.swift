import Testing

@testable import ProcessSupport

/// Log levels.
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
