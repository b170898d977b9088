package import Glibc
package import LotteryProtocol

/// A program that was started, and what it prints (posix_spawn(3)).
///
/// Foundation's `Process` copies whole directory entries out of a buffer that may end before they
/// do (`/proc/self/fd`): in a process with many descriptors it crashes now and then.
package struct ChildProcess: Sendable {
  package enum Ending: Sendable, Equatable {
    /// By itself, with this status.
    case exit(Int32)
    /// This signal killed it.
    case killed(by: Int32)
  }

  /// Its number, which is another's once it was waited for.
  package let pid: pid_t
  private let output: Int32

  /// Starts `program`, a path or a name in the path. What it prints are its output and its errors.
  ///
  /// - Parameter environment: all that it gets to know, as `NAME=value`; nil for what this process
  ///   knows.
  package init(
    _ program: String, _ arguments: [String], environment: [String]? = nil
  ) throws(SystemError) {
    // A pair of sockets is born with the flag that keeps other programs from inheriting it.
    var ends: [Int32] = [0, 0]
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    try SystemError.check("socketpair") { socketpair(AF_UNIX, kind, 0, &ends) }
    defer { close(ends[1]) }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO)
    var attributes = Self.unblockedSignals()
    defer { posix_spawnattr_destroy(&attributes) }

    var pid: pid_t = 0
    let code = Self.withCStrings([program] + arguments) { arguments in
      guard let environment else {
        return posix_spawnp(&pid, program, &actions, &attributes, arguments, environ)
      }
      return Self.withCStrings(environment) {
        posix_spawnp(&pid, program, &actions, &attributes, arguments, $0)
      }
    }
    guard code == 0 else {
      close(ends[0])
      throw SystemError("posix_spawn \(program)", code: code)
    }
    self.pid = pid
    output = ends[0]
  }

  /// Reads what it prints, piece by piece, and waits for its end, once.
  package func wait(_ take: (ArraySlice<UInt8>) -> Void) -> Ending {
    var buffer = [UInt8](repeating: 0, count: 64 * 1024)
    while true {
      let count = read(output, &buffer, buffer.count)
      if count > 0 { take(buffer[..<count]) }
      if count == 0 || count < 0 && errno != EINTR { break }
    }
    close(output)
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    // As wait(2) takes it apart: the signal in the lower seven bits, the exit status above.
    let signal = status & 0x7F
    return signal == 0 ? .exit(status >> 8 & 0xFF) : .killed(by: signal)
  }

  /// Threads of Dispatch block signals, which must not be handed down.
  private static func unblockedSignals() -> posix_spawnattr_t {
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    var signals = sigset_t()
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    sigaddset(&signals, SIGPIPE)
    posix_spawnattr_setsigdefault(&attributes, &signals)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    return attributes
  }

  /// Lends copies of `strings`, followed by nil, for the call.
  private static func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { for copy in copies { free(copy) } }
    return body(copies + [nil])
  }
}
