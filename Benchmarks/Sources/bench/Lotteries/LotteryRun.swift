/// A lottery as in life: our server, and a process for each agency.
struct LotteryRun {
  let files: [String]
  /// Batches ahead of their answers; nil for the default.
  var window: Int?
  /// Milliseconds that every byte takes each way; nil where server and agencies are neighbours.
  var delay: Int?

  func measure(_ bench: Bench) throws(BenchError) -> LotteryOutcome {
    let server = try ServerProcess.listening(bench, agencies: files.count)
    let proxy = try startProxy(bench, to: server)
    let port = proxy?.port ?? server.port

    let start = ContinuousClock.now
    var agencies: [ChildProcess] = []
    for index in files.indices {
      agencies.append(try startAgency(bench, index, port: port, directory: server.directory))
    }
    var costs: [ProcessCost] = []
    for agency in agencies { costs.append(try bench.processes.wait(for: agency)) }
    let seconds = start.duration(to: .now) / .seconds(1)
    if let proxy { bench.processes.kill(proxy.child) }
    let serverCost = try server.stop()
    try server.checkBets(of: files)
    return LotteryOutcome(seconds: seconds, server: serverCost, agencies: costs)
  }

  private func startAgency(
    _ bench: Bench, _ index: Int, port: UInt16, directory: String
  ) throws(BenchError) -> ChildProcess {
    var environment = [
      "CLI_ID": "\(index + 1)",
      "CLI_SERVER_ADDRESS": "127.0.0.1:\(port)",
      "CLI_DATA_FILE": files[index],
    ]
    if let window { environment["CLI_BATCH_WINDOW"] = "\(window)" }
    return try bench.processes.start(
      bench.lotteryPrograms + "/agency-client", [], environment: environment,
      log: "\(directory)/agency-\(index + 1).log")
  }

  private func startProxy(
    _ bench: Bench, to server: ServerProcess
  ) throws(BenchError) -> (child: ChildProcess, port: UInt16)? {
    guard let delay else { return nil }
    let port = try Port.free()
    let child = try bench.processes.start(
      bench.ownPrograms + "/delay-proxy", ["\(port)", "\(server.port)", "\(delay)"],
      log: server.directory + "/proxy.log")
    var log = try LogFollower(child)
    _ = try log.line(with: "listening")
    return (child, port)
  }
}
