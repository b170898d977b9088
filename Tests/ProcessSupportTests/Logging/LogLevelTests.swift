import Testing

@testable import ProcessSupport

@Suite("Log levels")
struct LogLevelTests {
  @Test(
    "A level is known by its name in Python and in Go, in any case",
    arguments: [
      ("DEBUG", .debug), ("debug", .debug), ("INFO", .info), ("Info", .info), ("NOTICE", .info),
      ("WARNING", .warning), ("warn", .warning), ("ERROR", .error), ("CRITICAL", .critical),
      ("fatal", .critical),
    ] as [(String, LogLevel)])
  func name(text: String, level: LogLevel) {
    #expect(LogLevel(name: text) == level)
  }

  @Test("Any other text names no level", arguments: ["", " INFO", "INFO ", "TRACE", "20", "INF"])
  func unknown(text: String) {
    #expect(LogLevel(name: text) == nil)
  }

  @Test("Every level is found by the name that it has")
  func names() {
    #expect(LogLevel.allCases.map { LogLevel(name: $0.name) } == LogLevel.allCases)
  }

  @Test("Levels are in the order of how much they matter")
  func order() {
    #expect(LogLevel.allCases.sorted() == [.debug, .info, .warning, .error, .critical])
  }
}
