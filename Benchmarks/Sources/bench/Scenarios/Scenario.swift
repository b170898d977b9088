import Measurement

/// Something to measure.
protocol Scenario: Sendable {
  /// What it is called on the command line.
  var name: String { get }

  /// Measures it, as often as `bench` says.
  func measure(_ bench: Bench) throws(BenchError) -> Findings
}

/// What a scenario has found out.
struct Findings {
  var report: Report
  /// To be written under the scenario's name.
  var plot: Plot?
}

extension Bench {
  /// Does `body` for each run, and says so.
  func forEachRun(of name: String, _ body: () throws(BenchError) -> Void) throws(BenchError) {
    for run in 1...options.runs {
      Output.progress("\(name): run \(run) of \(options.runs)")
      try body()
    }
  }
}
