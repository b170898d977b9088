import ProcessSupport
import TestSupport
import Testing

@Suite struct DurationGoTests {
  /// What Go's own tests expect of `time.ParseDuration`, in nanoseconds.
  @Test(
    arguments: [
      ("0", 0), ("5s", 5_000_000_000), ("30s", 30_000_000_000), ("1478s", 1_478_000_000_000),
      ("-5s", -5_000_000_000), ("+5s", 5_000_000_000), ("-0", 0), ("+0", 0),
      ("5.0s", 5_000_000_000), ("5.6s", 5_600_000_000), ("5.s", 5_000_000_000),
      (".5s", 500_000_000), ("1.004s", 1_004_000_000), ("100.00100s", 100_001_000_000),
      ("10ns", 10), ("11us", 11_000), ("12µs", 12_000), ("12μs", 12_000), ("13ms", 13_000_000),
      ("14s", 14_000_000_000), ("15m", 900_000_000_000), ("16h", 57_600_000_000_000),
      ("3h30m", 12_600_000_000_000), ("10.5s4m", 250_500_000_000),
      ("-2m3.4s", -123_400_000_000), ("39h9m14.425s", 140_954_425_000_000),
      ("52763797000ns", 52_763_797_000), ("0.3333333333333333333h", 1_200_000_000_000),
      ("9007199254740993ns", 9_007_199_254_740_993),
      ("9223372036854775807ns", 9_223_372_036_854_775_807),
      ("-9223372036854775808ns", -9_223_372_036_854_775_808),
      ("0.100000000000000000000h", 360_000_000_000),
      ("0.830103483285477580700h", 2_988_372_539_827),
    ] as [(String, Int64)])
  func `texts that Go reads`(text: String, nanoseconds: Int64) {
    #expect(Duration(goText: text) == .nanoseconds(nanoseconds))
  }

  @Test(arguments: [
    "", "3", "-", "s", ".", "-.", ".s", "+.s", "1d", "5 s", " 5s", "5S", "3000000h",
    "9223372036854775808ns", "9223372036854775.808us", "-9223372036854775809ns", "--5s", "1m1",
  ])
  func `texts that Go refuses`(text: String) {
    #expect(Duration(goText: text) == nil)
  }

  @Test(
    arguments: [
      (0, "0s"), (1, "1ns"), (1100, "1.1µs"), (2_200_000, "2.2ms"), (3_300_000_000, "3.3s"),
      (250_000_000, "250ms"), (5_000_000_000, "5s"), (90_000_000_000, "1m30s"),
      (245_000_000_000, "4m5s"), (245_001_000_000, "4m5.001s"),
      (18_367_001_000_000, "5h6m7.001s"), (3_600_000_000_000, "1h0m0s"),
      (-1, "-1ns"), (-90_000_000_000, "-1m30s"), (480_000_000_001, "8m0.000000001s"),
      (Int64.max, "2562047h47m16.854775807s"), (Int64.min, "-2562047h47m16.854775808s"),
    ] as [(Int64, String)])
  func `texts that Go writes`(nanoseconds: Int64, text: String) {
    #expect(Duration.nanoseconds(nanoseconds).goText == text)
  }

  @Test func `a duration survives printing and parsing`() {
    var generator = SeededGenerator(seed: 5)
    for _ in 0..<2000 {
      let bits = Int64.random(in: 0...62, using: &generator)
      let duration = Duration.nanoseconds(Int64(truncatingIfNeeded: generator.next()) >> bits)
      #expect(Duration(goText: duration.goText) == duration)
    }
  }
}
