import Testing

@testable import Measurement

@Suite struct TextTests {
  @Test(arguments: [
    (0.0, "0"), (0.0416, "0.042"), (1.005, "1.00"), (9.996, "10.00"), (12.34, "12.3"),
    (999.6, "1,000"), (7, "7"), (1_234_567.8, "1,234,568"), (-0.25, "-0.250"),
  ])
  func numbersKeepThreeDigits(number: Double, text: String) {
    #expect(number.text == text)
  }

  @Test func jsonEscapesWhatWouldBreakIt() {
    let json = JSON.object(["a\"b": .array([.text("\\\n"), .number(0.5), .boolean(true)])])
    #expect(json.description == "{\n  \"a\\\"b\": [\"\\\\\\u000a\", 0.5, true]\n}\n")
  }

  @Test(arguments: [
    (0.7, 0.8, 4), (1.0, 1.0, 5), (4729.0, 5000.0, 5), (1.1, 1.2, 6), (10.0, 10.0, 5),
    (0.04, 0.04, 4),
  ])
  func scaleCoversTheLargestValueInFewSteps(largest: Double, end: Double, steps: Int) {
    let scale = Scale(covering: largest)
    #expect(abs(scale.end - end) < 1e-9)
    #expect(scale.ticks.count == steps + 1)
  }

  @Test func plotEscapesItsLabels() {
    var report = Report(name: "r", title: "t")
    report.record("a", 1, .seconds)
    let svg = Plot("<&>", .bars, report.figures.map { ($0.name, $0) }).svg
    #expect(svg.contains("&lt;&amp;&gt;"))
  }
}
