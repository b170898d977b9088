/// Our server, running.
struct ServerProcess {
  let child: ChildProcess
  let port: UInt16
  let directory: String
  private let bench: Bench

  /// The most connections that the kernel keeps until they are accepted, on most machines
  /// (`/proc/sys/net/core/somaxconn`).
  private static let backlogLimit = 4096

  /// Starts it over the files in `directory`, without waiting for anything.
  init(_ bench: Bench, agencies: Int, directory: String) throws(BenchError) {
    self.bench = bench
    self.directory = directory
    port = try Port.free()
    child = try bench.processes.start(
      bench.lotteryPrograms + "/lottery-server", [],
      environment: [
        "SERVER_PORT": "\(port)",
        "SERVER_AGENCIES": "\(agencies)",
        "SERVER_DATA_DIR": directory,
        "SERVER_MAX_CONNECTIONS_PER_ADDRESS": "\(max(agencies + 16, 64))",
        "SERVER_LISTEN_BACKLOG": "\(min(max(agencies, 5), Self.backlogLimit))",
      ],
      log: directory + "/server.log")
  }

  /// Starts it in a directory of its own and waits until it listens.
  static func listening(_ bench: Bench, agencies: Int) throws(BenchError) -> ServerProcess {
    let directory = try bench.emptyDirectory("server")
    let server = try ServerProcess(bench, agencies: agencies, directory: directory)
    var log = try LogFollower(server.child)
    _ = try log.line(with: Self.listens)
    return server
  }

  /// The log line of a server that can be connected to.
  static let listens = "action: accept_connections | result: in_progress"

  /// Ends it in order, and returns what it has cost.
  func stop() throws(BenchError) -> ProcessCost {
    var peakMemory = child.status.peakMemory
    child.terminate()
    var cost = try bench.processes.wait(for: child) {
      peakMemory = max(peakMemory, child.status.peakMemory)
    }
    cost.peakMemory = peakMemory
    return cost
  }

  /// Sees to it that every bet of `files` has been stored.
  func checkBets(of files: [String]) throws(BenchError) {
    try Rows.check(directory + "/bets.csv", hasAllOf: files)
  }
}
