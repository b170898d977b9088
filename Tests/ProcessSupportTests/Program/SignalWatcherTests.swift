import Glibc
import Testing

import ProcessSupport

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
