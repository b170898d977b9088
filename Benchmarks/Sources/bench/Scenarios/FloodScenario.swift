import Measurement

/// More bets than fit into anybody's memory, as fast as they go.
struct FloodScenario: Scenario {
  let name = "flood"

  private static let agencies = 8
  /// Frames ahead of their acknowledgements: the lottery's own default.
  private static let window = 32
  private static let ours = "ours"
  private static let copier = "copier, same window, group sync"

  func measure(_ bench: Bench) throws(BenchError) -> Findings {
    let bets = bench.amount(1_250_000, quick: 100_000)
    let file = try bench.agencyFile(bets: bets)
    let files = [String](repeating: file, count: Self.agencies)
    var report = Report(
      name: name, title: "\(Self.agencies) agencies with \(Double(bets).text) bets each, durable")
    try bench.forEachRun(of: name) { () throws(BenchError) in
      let copier = CopierRun(files: files, window: Self.window, options: ["--sync", "--group"])
      record(try copier.measure(bench), Self.copier, bets: bets, in: &report)
      let ours = try LotteryRun(files: files).measure(bench)
      record(ours, Self.ours, bets: bets, in: &report)
      report.record(
        "\(Self.ours): server memory", ours.server.peakMemory / 1e6, .megabytes)
      report.record(
        "\(Self.ours): agency memory", ours.agencyPeakMemory / 1e6, .megabytes)
    }
    for figure in ["time", "server CPU", "agencies CPU"] {
      report.compare("\(Self.ours): \(figure)", with: "\(Self.copier): \(figure)")
    }
    return Findings(report: report, plot: plot(of: report))
  }

  private func record(
    _ outcome: LotteryOutcome, _ who: String, bets: Int, in report: inout Report
  ) {
    report.record("\(who): time", outcome.milliseconds, .milliseconds)
    let total = Double(bets * Self.agencies)
    report.record("\(who): rate", total / outcome.seconds, .betsPerSecond)
    report.record("\(who): server CPU", outcome.server.cpuSeconds, .seconds)
    report.record("\(who): agencies CPU", outcome.agenciesCPUSeconds, .seconds)
  }

  private func plot(of report: Report) -> Plot {
    let items = [Self.copier, Self.ours].compactMap { who in
      report.figure("\(who): rate").map { (label: who, figure: $0) }
    }
    return Plot("Bets per second: \(report.title)", .bars, items)
  }
}
