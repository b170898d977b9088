import Glibc

/// A program that was started.
struct ChildProcess {
  let program: String
  let pid: pid_t
  /// Where its output goes.
  let log: String

  /// Asks it to end.
  func terminate() {
    kill(pid, SIGTERM)
  }

  /// What it is using, as long as it has not been waited for.
  var status: ProcessStatus { ProcessStatus(pid: pid) }
}
