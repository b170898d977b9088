import Testing

@testable import bench

@Suite struct LogFieldsTests {
  @Test(arguments: [
    ("1m2.5s", Duration.milliseconds(62_500)), ("350ms", .milliseconds(350)),
    ("12.5µs", .nanoseconds(12_500)), ("0s", .zero),
  ])
  func durationsAreWrittenAsInGo(text: String, duration: Duration) throws {
    let fields = LogFields("action: recovery | result: success | duration: \(text)")
    #expect(try fields.duration("duration") == duration)
  }

  @Test(arguments: ["duration: 5", "duration: x", "bets: 5"])
  func whatIsNoDurationIsAnError(line: String) {
    #expect(throws: BenchError.self) { try LogFields(line).duration("duration") }
  }
}
