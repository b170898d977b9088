import Glibc
import ProcessSupport
import Testing

@Suite struct InvocationTests {
  @Test(
    arguments: [
      ([], .run(configurationFile: nil)),
      (["--config", "a"], .run(configurationFile: "a")),
      (["--config=a=b"], .run(configurationFile: "a=b")),
      (["--config", "--help"], .run(configurationFile: "--help")),
      (["--help"], .help), (["-h"], .help), (["--version"], .version),
      (["--version", "--help"], .help), (["--config", "a", "--version"], .version),
    ] as [([String], Invocation)])
  func `what the flags ask for`(arguments: [String], expected: Invocation) throws {
    #expect(try Invocation(arguments) == expected)
  }

  @Test(
    arguments: [
      (["--status"], .status(configurationFile: nil)),
      (["--status", "--config", "a"], .status(configurationFile: "a")),
      (["--config=a", "--status"], .status(configurationFile: "a")),
      (["--status", "--help"], .help), (["--status", "--version"], .version),
    ] as [([String], Invocation)])
  func `--status, for a program that knows it`(arguments: [String], expected: Invocation) throws {
    #expect(try Invocation(arguments, hasStatus: true) == expected)
  }

  @Test func `--status is refused by a program that does not, and with a value`() {
    #expect(throws: UsageError.self) { try Invocation(["--status"]) }
    #expect(throws: UsageError.self) { try Invocation(["--status=a"], hasStatus: true) }
  }

  @Test(arguments: [
    (["--bogus"], "\"--bogus\": unknown argument"), (["x"], "\"x\": unknown argument"),
    ([""], "\"\": unknown argument"), (["--config"], "--config: needs a file"),
    (["--config="], "--config: needs a file"),
    (["--config", "a", "--config", "b"], "--config: given twice"),
    (["--help=yes"], "\"--help=yes\": unknown argument"),
    (["--help", "--bogus"], "\"--bogus\": unknown argument"),
  ])
  func `what is refused`(arguments: [String], problem: String) {
    let error = #expect(throws: UsageError.self) { try Invocation(arguments) }
    #expect(error?.description == problem)
    #expect(error?.exitStatus == .usage)
  }
}

/// Each test runs in a process of its own: signals concern all of it.
@Suite(.timeLimit(.minutes(1))) struct SignalWatcherTests {
  @Test func `SIGTERM is handed to the closure instead of ending the process`() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let watcher = SignalWatcher(SignalWatcher.termination) { exit($0 == SIGTERM ? 7 : 1) }
      kill(getpid(), SIGTERM)
      withExtendedLifetime(watcher) { while true { pause() } }
    }
  }

  @Test func `SIGINT is handed to the closure instead of ending the process`() async {
    await #expect(processExitsWith: .exitCode(7)) {
      let watcher = SignalWatcher(SignalWatcher.termination) { exit($0 == SIGINT ? 7 : 1) }
      kill(getpid(), SIGINT)
      withExtendedLifetime(watcher) { while true { pause() } }
    }
  }

  @Test func `a signal that is not watched has its default effect`() async {
    await #expect(processExitsWith: .signal(SIGHUP)) {
      let watcher = SignalWatcher(SignalWatcher.termination) { _ in exit(1) }
      kill(getpid(), SIGHUP)
      withExtendedLifetime(watcher) { while true { pause() } }
    }
  }
}
