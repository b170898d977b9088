// How a program ends when a signal asks for it.
//
// The main thread blocks the signals before anything else runs, so that no thread ever takes one
// with its default effect. (PID 1 of a container has none: a signal that it neither blocks nor
// handles is lost.) Then it waits for the first of them and does nothing else, so whatever hangs in
// other threads, this one notices.
//
// The program's end is orderly: a queue of its own cancels the work, which closes everything with a
// log line each. Each of these lines is a step, and so is every piece of the log that the output
// takes. Other code notes steps without a line of their own with `noteStep`. The main thread
// watches the steps. When a second passes without one, or eight in all, before Docker's ten, it
// ends the process. What was acknowledged is on the disk, so this loses nothing.

import Dispatch
import Glibc
import LotteryProtocol
import Synchronization

/// The end that a signal asks for, and the watch over it.
package enum OrderlyEnd {
  private static let steps = Atomic(0)

  /// Notes that the end moves on: something has been closed, written or answered.
  package static func noteStep() {
    steps.add(1, ordering: .relaxed)
  }

  /// The signals that ask a program to end. A program that was started with SIGHUP ignored
  /// (nohup(1)) goes on ignoring it.
  private static var signals: sigset_t {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGTERM, SIGINT] { sigaddset(&set, signal) }
    var hangup = sigaction()
    sigaction(SIGHUP, nil, &hangup)
    // The constant that stands for ignoring is no function, so the addresses are compared.
    let handler = unsafeBitCast(hangup.__sigaction_handler.sa_handler, to: Int.self)
    if handler != unsafeBitCast(SIG_IGN, to: Int.self) { sigaddset(&set, SIGHUP) }
    return set
  }

  /// Blocks the signals in this thread and in those that it starts. They wait until
  /// ``nextSignal()`` takes them.
  package static func blockSignals() {
    var set = signals
    pthread_sigmask(SIG_BLOCK, &set, nil)
  }

  /// Waits for one of the signals, which must be blocked.
  static func nextSignal() -> Int32 {
    var set = signals
    while true {
      // Interrupted if the process was stopped and goes on.
      let signal = sigwaitinfo(&set, nil)
      if signal > 0 { return signal }
    }
  }

  /// How long the end may stand still and how long it may take, in ticks.
  package struct Limits: Sendable {
    var tick = Duration.milliseconds(100)
    var standstill = 10
    var whole = 80
  }

  /// Returns when the end has stood still or has taken too long, and says which.
  ///
  /// It counts ticks instead of reading a clock: a process that was stopped, or that gets no
  /// processor, has not had its time.
  static func watch(_ limits: Limits) -> String {
    var seen = steps.load(ordering: .relaxed)
    var still = 0
    for _ in 0..<limits.whole {
      usleep(UInt32(limits.tick.nanoseconds / 1000))
      let now = steps.load(ordering: .relaxed)
      still = now == seen ? still + 1 : 0
      seen = now
      if still == limits.standstill {
        return "the end stood still for \((limits.tick * still).goText)"
      }
    }
    return "the end took longer than \((limits.tick * limits.whole).goText)"
  }
}
