import Measurement

/// An agency a tenth of a second away from the server.
struct FarScenario: Scenario {
  let name = "far"

  /// Milliseconds each way.
  private static let delay = 50
  private static let single = "stop-and-wait"
  private static let ours = "default window"

  func measure(_ bench: Bench) throws(BenchError) -> Findings {
    let bets = bench.amount(27_000, quick: 2_700)
    let file = try bench.agencyFile(bets: bets)
    var report = Report(
      name: name,
      title: "an agency with \(Double(bets).text) bets, \(2 * Self.delay) ms of round trip")
    try bench.forEachRun(of: name) { () throws(BenchError) in
      let single = LotteryRun(files: [file], window: 1, delay: Self.delay)
      report.record(Self.single, try single.measure(bench).milliseconds, .milliseconds)
      let ours = LotteryRun(files: [file], delay: Self.delay)
      report.record(Self.ours, try ours.measure(bench).milliseconds, .milliseconds)
    }
    report.compare(Self.ours, with: Self.single)
    return Findings(report: report)
  }
}
