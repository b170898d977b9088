import BenchmarkData
import LotteryProtocol
import Measurement

/// The stages of a bet's way, each alone, in one thread and in memory.
struct CodecScenario: Scenario {
  let name = "codec"

  private static let reference = "read"
  private static let stages = ["csv to wire", "wire to csv", "load bets"]

  func measure(_ bench: Bench) throws(BenchError) -> Findings {
    let bets = bench.amount(1_000_000, quick: 100_000)
    let file = try bench.agencyFile(bets: bets)
    let store = try bench.emptyDirectory("server")
    try BenchError.naming(store) { () throws(SystemError) in
      try BetFiles.writeStore(store, rows: bets, agencies: 5)
    }
    var report = Report(name: name, title: "each stage alone over \(Double(bets).text) bets")
    try bench.forEachRun(of: name) { () throws(BenchError) in
      let codec = try bench.processes.start(
        bench.ownPrograms + "/codec", [file, store + "/bets.csv"], log: store + "/codec.log")
      try bench.processes.wait(for: codec)
      var log = try LogFollower(codec)
      for stage in [Self.reference] + Self.stages {
        let line = try log.line(with: "stage: \(stage) |")
        report.record(
          stage, Double(bets) / (try LogFields(line).number("seconds")), .betsPerSecond)
      }
    }
    for stage in Self.stages { report.compare(stage, with: Self.reference) }
    return Findings(report: report)
  }
}
