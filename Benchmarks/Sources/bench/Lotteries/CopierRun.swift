/// The reference: the copier moves the agencies' files.
struct CopierRun {
  let files: [String]
  /// Frames ahead of their acknowledgements.
  var window = 1
  /// `--sync`, `--group`.
  var options: [String] = []

  func measure(_ bench: Bench) throws(BenchError) -> LotteryOutcome {
    let program = bench.ownPrograms + "/copier"
    let directory = try bench.emptyDirectory("copier")
    let port = "\(try Port.free())"
    let output = directory + "/bets.csv"
    let server = try bench.processes.start(
      program, ["server", port, output, "--agencies", "\(files.count)"] + options,
      log: directory + "/server.log")
    var log = try LogFollower(server)
    _ = try log.line(with: "listening")

    let start = ContinuousClock.now
    var agencies: [ChildProcess] = []
    for (index, file) in files.enumerated() {
      agencies.append(
        try bench.processes.start(
          program, ["agency", port, file, "--window", "\(window)"],
          log: "\(directory)/agency-\(index + 1).log"))
    }
    var costs: [ProcessCost] = []
    for agency in agencies { costs.append(try bench.processes.wait(for: agency)) }
    let seconds = start.duration(to: .now) / .seconds(1)
    let serverCost = try bench.processes.wait(for: server)
    try Rows.check(output, hasAllOf: files)
    return LotteryOutcome(seconds: seconds, server: serverCost, agencies: costs)
  }
}
