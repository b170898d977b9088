import Glibc

/// How many connections may be open at once.
enum ConnectionLimit {
  /// Descriptors that are kept for what is no connection: files, the listener, timers, the log, and
  /// what Dispatch opens from time to time.
  static let reserve = 64

  /// Lets this process have as many descriptors as it may (setrlimit(2)); the limit that it begins
  /// with is often far below.
  static func raise() {
    var limit = rlimit()
    let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
    guard getrlimit(resource, &limit) == 0 else { return }
    limit.rlim_cur = limit.rlim_max
    _ = setrlimit(resource, &limit)
  }

  /// As many as this process has descriptors for (getrlimit(2)), at least one.
  ///
  /// The server must not find out by running into the limit: without a descriptor Dispatch's timers
  /// never fire, and once a second it opens files of `/proc` and ends the process where it cannot.
  static func ofProcess() -> Int {
    var limit = rlimit()
    guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return 1 }
    return max(1, Int(clamping: limit.rlim_cur) - reserve)
  }
}
