import Measurement

/// The same bets from few agencies and from many, all connecting at once.
struct CrowdScenario: Scenario {
  let name = "crowd"

  private static let crowds = [1, 10, 100, 1_000, 10_000]
  private static let bets = 100_000
  private static let window = 32
  /// What the others are compared with.
  private static let reference = 10

  func measure(_ bench: Bench) throws(BenchError) -> Findings {
    var report = Report(
      name: name, title: "\(Double(Self.bets).text) bets from ever more agencies, durable")
    try bench.forEachRun(of: name) { () throws(BenchError) in
      for agencies in Self.crowds { try measure(agencies, bench, in: &report) }
    }
    for agencies in Self.crowds {
      report.compare(Self.time(agencies), with: Self.copierTime(agencies))
      if agencies == Self.reference { continue }
      report.compare(Self.time(agencies), with: Self.time(Self.reference))
      report.compare(Self.copierTime(agencies), with: Self.copierTime(Self.reference))
    }
    let items = Self.crowds.compactMap { agencies in
      report.figure(Self.time(agencies)).map { (label: "\(agencies)", figure: $0) }
    }
    let plot = Plot("\(Double(Self.bets).text) bets by number of agencies, durable", .line, items)
    return Findings(report: report, plot: plot)
  }

  private func measure(
    _ agencies: Int, _ bench: Bench, in report: inout Report
  ) throws(BenchError) {
    let file = try bench.agencyFile(bets: Self.bets / agencies)
    try measureCopier(agencies, file, bench, in: &report)
    let server = try ServerProcess.listening(bench, agencies: agencies)
    let crowd = try bench.processes.start(
      bench.ownPrograms + "/agency-crowd",
      ["\(server.port)", "\(agencies)", "\(Self.window)", file],
      log: server.directory + "/crowd.log")
    var threads = 0.0
    let crowdCost = try bench.processes.wait(for: crowd) {
      threads = max(threads, server.child.status.threads)
    }
    let seconds = try LogFields(lastLineOf: crowd).number("seconds")
    let cost = try server.stop()
    try Rows.check(server.directory + "/bets.csv", has: Self.bets)
    report.record(Self.time(agencies), seconds * 1000, .milliseconds)
    report.record("\(agencies): server CPU", cost.cpuSeconds, .seconds)
    report.record("\(agencies): agencies CPU", crowdCost.cpuSeconds, .seconds)
    report.record("\(agencies): server memory", cost.peakMemory / 1e6, .megabytes)
    report.record("\(agencies): server threads", threads, .threads)
  }

  private func measureCopier(
    _ agencies: Int, _ file: String, _ bench: Bench, in report: inout Report
  ) throws(BenchError) {
    let directory = try bench.emptyDirectory("copier")
    let output = directory + "/bets.csv"
    let copier = try bench.processes.start(
      bench.ownPrograms + "/crowd-copier", ["\(agencies)", "\(Self.window)", file, output],
      log: directory + "/copier.log")
    try bench.processes.wait(for: copier)
    let seconds = try LogFields(lastLineOf: copier).number("seconds")
    try Rows.check(output, has: Self.bets)
    report.record(Self.copierTime(agencies), seconds * 1000, .milliseconds)
  }

  private static func time(_ agencies: Int) -> String { "\(agencies): time" }
  private static func copierTime(_ agencies: Int) -> String { "\(agencies): copier's time" }
}
