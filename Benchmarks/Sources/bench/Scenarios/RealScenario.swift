import Measurement

/// The course's lottery, from the start of the agencies to the last one's winners.
struct RealScenario: Scenario {
  let name: String
  let title: String
  /// The agencies beyond the fifth have the files of the first five once more.
  let agencies: Int

  private static let durable = "copier, durable, stop-and-wait"
  private static let unsynced = "copier, no sync, stop-and-wait"
  private static let ours = "ours, durable, default window"

  func measure(_ bench: Bench) throws(BenchError) -> Findings {
    let course = try CourseData(bench)
    let files = (0..<agencies).map { course.files[$0 % course.files.count] }
    var report = Report(name: name, title: title)
    try bench.forEachRun(of: name) { () throws(BenchError) in
      let durable = try CopierRun(files: files, options: ["--sync"]).measure(bench)
      report.record(Self.durable, durable.milliseconds, .milliseconds)
      let ours = try LotteryRun(files: files).measure(bench)
      report.record(Self.ours, ours.milliseconds, .milliseconds)
      // Last: the kernel still writes for a while what was not synced.
      let unsynced = try CopierRun(files: files).measure(bench)
      report.record(Self.unsynced, unsynced.milliseconds, .milliseconds)
    }
    report.compare(Self.ours, with: Self.durable)
    report.compare(Self.ours, with: Self.unsynced)
    let plot = Plot(title, .bars, report.figures.map { ($0.name, $0) })
    return Findings(report: report, plot: plot)
  }
}
