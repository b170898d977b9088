import BenchmarkData
import LotteryProtocol
import Measurement

/// A server that starts over the files of a lottery in which everybody has finished: it reads them,
/// and holds the draw at once.
struct GrowthScenario: Scenario {
  let name = "growth"

  private static let agencies = 5

  func measure(_ bench: Bench) throws(BenchError) -> Findings {
    var report = Report(
      name: name, title: "recovery and draw over files of growing size, in the page cache")
    for millions in bench.options.isQuick ? [1] : [1, 10, 50] {
      Output.progress("\(name): writing \(millions) M bets")
      let directory = try bench.emptyDirectory("server")
      try BenchError.naming(directory) { () throws(SystemError) in
        try BetFiles.writeStore(directory, rows: millions * 1_000_000, agencies: Self.agencies)
      }
      let size = "\(millions) M bets"
      try bench.forEachRun(of: "\(name), \(size)") { () throws(BenchError) in
        try measure(directory, size, bench, in: &report)
      }
      for stage in ["recovery", "draw"] {
        report.compare("\(size): \(stage)", with: "\(size): read")
      }
    }
    return Findings(report: report)
  }

  private func measure(
    _ directory: String, _ size: String, _ bench: Bench, in report: inout Report
  ) throws(BenchError) {
    let clock = ContinuousClock()
    let start = clock.now
    let bytes = try Rows.read(directory + "/bets.csv")
    let read = start.duration(to: clock.now)

    let server = try ServerProcess(bench, agencies: Self.agencies, directory: directory)
    var log = try LogFollower(server.child)
    let recovery = try LogFields(try log.line(with: "action: recovery")).duration("duration")
    _ = try log.line(with: ServerProcess.listens)
    let drawStart = clock.now
    _ = try log.line(with: "action: sorteo | result: success")
    // Where both lines were there at once nobody can tell more than that.
    let draw = max(drawStart.duration(to: clock.now), LogFollower.interval)
    let cost = try server.stop()

    let times = [("read", read), ("recovery", recovery), ("draw", draw)]
    for (stage, time) in times {
      report.record("\(size): \(stage)", time / .milliseconds(1), .milliseconds)
    }
    for (stage, time) in times {
      let rate = Double(bytes) / (time / .seconds(1)) / 1e9
      report.record("\(size): \(stage) rate", rate, .gigabytesPerSecond)
    }
    report.record("\(size): server memory", cost.peakMemory / 1e6, .megabytes)
  }
}
