import Glibc
import LotteryProtocol

/// The programs that run at the moment. None of them outlives the bench.
final class Processes {
  private var running: Set<pid_t> = []

  /// How long a program may take before it counts as stuck.
  static let limit = Duration.seconds(600)
  /// How often a program that runs is looked at.
  private static let lookInterval = Duration.milliseconds(5)

  /// Starts `program`, which is looked for in PATH where it has no slash.
  ///
  /// - Parameter log: the file that its output goes to.
  func start(
    _ program: String, _ arguments: [String], environment: [String: String] = [:], log: String
  ) throws(BenchError) -> ChildProcess {
    let environment = environment.merging(["PATH": Self.path]) { own, _ in own }
    let pid = try BenchError.naming(program) { () throws(SystemError) in
      try Spawn.run(
        program, arguments, environment: environment.map { "\($0)=\($1)" }, output: log)
    }
    running.insert(pid)
    return ChildProcess(program: program, pid: pid, log: log)
  }

  /// Waits until `child` has ended by itself, and well.
  ///
  /// - Parameter look: is called from time to time while it runs.
  @discardableResult
  func wait(for child: ChildProcess, look: () -> Void = {}) throws(BenchError) -> ProcessCost {
    let start = ContinuousClock.now
    while true {
      if let (status, cost) = ended(child) {
        guard status == 0 else {
          throw .failed(program: child.program, status: status, log: child.log)
        }
        return cost
      }
      guard start.duration(to: .now) < Self.limit else {
        throw .tooSlow(program: child.program, Self.limit, log: child.log)
      }
      look()
      try Signals.wait(atMost: Self.lookInterval)
    }
  }

  /// Starts a program and waits for its end.
  func run(_ program: String, _ arguments: [String], log: String) throws(BenchError) {
    try wait(for: start(program, arguments, log: log))
  }

  /// Ends a program that does not end by itself, whatever it says to that.
  func kill(_ child: ChildProcess) {
    kill(pid: child.pid)
  }

  /// Ends all that still run.
  func killAll() {
    for pid in running { kill(pid: pid) }
  }

  /// The exit status (128 and the signal where one has ended it) and the cost of a program that
  /// has ended; nil while it runs.
  private func ended(_ child: ChildProcess) -> (status: Int32, ProcessCost)? {
    var status: Int32 = 0
    var usage = rusage()
    guard wait4(child.pid, &status, WNOHANG, &usage) == child.pid else { return nil }
    running.remove(child.pid)
    let signal = status & 0x7F
    return (signal == 0 ? status >> 8 & 0xFF : 128 + signal, ProcessCost(usage))
  }

  private func kill(pid: pid_t) {
    Glibc.kill(pid, SIGKILL)
    waitpid(pid, nil, 0)
    running.remove(pid)
  }

  private static let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
}
