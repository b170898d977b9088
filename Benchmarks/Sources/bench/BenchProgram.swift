import Glibc
import LotteryProtocol
import Measurement

/// Measures the lottery and what it is compared with, in turn.
enum BenchProgram {
  private static let scenarios: [any Scenario] = [
    RealScenario(name: "real", title: "the course's data: 5 agencies", agencies: 5),
    RealScenario(
      name: "fifty", title: "ten times the course's data: 50 agencies", agencies: 50),
    FloodScenario(),
    CrowdScenario(),
    FarScenario(),
    GrowthScenario(),
    CodecScenario(),
  ]

  /// Runs it with `arguments`, without its own name, and returns its exit status.
  static func main(_ arguments: [String]) -> Int32 {
    do throws(BenchError) {
      let options = try Options(arguments)
      let chosen = try choose(options.names)
      Signals.block()
      Machine.raiseDescriptorLimit()
      try run(chosen, Bench(options))
      return 0
    } catch {
      Output.progress("bench: \(error)")
      if case .usage = error { return 64 }
      return 1
    }
  }

  private static func choose(_ names: [String]) throws(BenchError) -> [any Scenario] {
    for name in names where !scenarios.contains(where: { $0.name == name }) {
      let known = scenarios.map(\.name).joined(separator: ", ")
      throw .usage("unknown scenario \(name): there are \(known)")
    }
    return names.isEmpty ? scenarios : scenarios.filter { names.contains($0.name) }
  }

  /// A scenario's results are written as soon as it is done.
  private static func run(_ scenarios: [any Scenario], _ bench: Bench) throws(BenchError) {
    try bench.begin()
    var reports: [Report] = []
    do throws(BenchError) {
      for scenario in scenarios {
        let findings = try scenario.measure(bench)
        reports.append(findings.report)
        Output.result(findings.report.table)
        if let plot = findings.plot { try Output.write(plot.svg, to: "\(scenario.name).svg") }
        try Output.write(json(reports, bench.options).description, to: "bench.json")
      }
    } catch {
      bench.processes.killAll()
      throw error
    }
    bench.end()
  }

  private static func json(_ reports: [Report], _ options: Options) -> JSON {
    .object([
      "machine": Machine.json,
      "runs": .number(Double(options.runs)),
      "quick": .boolean(options.isQuick),
      "scenarios": .array(reports.map(\.json)),
    ])
  }
}
