import Dispatch
import Glibc
import LotteryProtocol
import Testing

@testable import ProcessSupport

@Suite struct InvocationTests {
  @Test(
    arguments: [
      ([], .run(configurationFile: nil)),
      (["--config", "a"], .run(configurationFile: "a")),
      (["--config=a=b"], .run(configurationFile: "a=b")),
      (["--config", "--help"], .run(configurationFile: "--help")),
      (["--help"], .help), (["-h"], .help), (["--version"], .version),
      (["--version", "--help"], .help), (["--config", "a", "--version"], .version),
      (["--status"], .status(configurationFile: nil)),
      (["--status", "--config", "a"], .status(configurationFile: "a")),
      (["--config=a", "--status"], .status(configurationFile: "a")),
      (["--status", "--help"], .help), (["--status", "--version"], .version),
    ] as [([Path], Invocation)])
  func `what the flags ask for`(arguments: [Path], expected: Invocation) throws {
    #expect(try Invocation(arguments, hasStatus: true) == expected)
    if !arguments.contains("--status") { #expect(try Invocation(arguments) == expected) }
  }

  @Test(
    arguments: [
      (["--bogus"], "\"--bogus\": unknown argument"), (["x"], "\"x\": unknown argument"),
      ([""], "\"\": unknown argument"), (["--config"], "--config: needs a file"),
      (["--config="], "--config: needs a file"),
      (["--config", "a", "--config", "b"], "--config: given twice"),
      (["--help=yes"], "\"--help=yes\": unknown argument"),
      (["--help", "--bogus"], "\"--bogus\": unknown argument"),
      // For a program that does not know it.
      (["--status"], "\"--status\": unknown argument"),
    ] as [([Path], String)])
  func `what is refused`(arguments: [Path], problem: String) {
    let error = #expect(throws: UsageError.self) { try Invocation(arguments) }
    #expect(error?.description == problem)
    #expect(error?.exitStatus == .usage)
    #expect(throws: UsageError.self) { try Invocation(["--status=a"], hasStatus: true) }
  }
}

/// Each test runs in a process of its own. There the signal is sent to the thread that waits for it,
/// because the other threads of a test do not block it.
@Suite(.timeLimit(.minutes(10))) struct OrderlyEndTests {
  /// What a program does after a signal. Orderly ends, and other signals, are in `EndToEndTests`.
  enum Work: String, CaseIterable, Codable {
    case standsStill, movesAWhile, movesForEver

    /// How long the end may take. All steps together take longer than it may stand still.
    var limits: OrderlyEnd.Limits {
      switch self {
      case .standsStill: .init()
      case .movesAWhile: .init(tick: .milliseconds(10), standstill: 200, whole: .max)
      case .movesForEver: .init(tick: .milliseconds(10), standstill: 100, whole: 20)
      }
    }

    func run(_ log: Log) async {
      switch self {
      // Not even its thread is free.
      case .standsStill: while true { pause() }
      case .movesAWhile:
        try? await Task.sleep(for: .seconds(3600))
        for _ in 0..<300 {
          usleep(10_000)
          log.info(LogLine("step", .success))
        }
      case .movesForEver:
        while true {
          usleep(1000)
          OrderlyEnd.noteStep()
        }
      }
    }
  }

  @Test(arguments: [
    (Work.standsStill, "result: fail | status: 84 | error: the end stood still for 1s\n"),
    (.movesForEver, "result: fail | status: 84 | error: the end took longer than 200ms\n"),
    (.movesAWhile, "result: success\n"),
  ])
  func `an end is cut short only if it stands still or takes too long`(
    work: Work, lastLine: String
  ) async throws {
    let result = await #expect(
      processExitsWith: work == .movesAWhile ? .success : .exitCode(84),
      observing: [\.standardOutputContent]
    ) { [work] in
      OrderlyEnd.blockSignals()
      raise(SIGTERM)
      let program = Program(name: "test", help: "", layout: .go, limits: work.limits)
      program.main([]) { _, _, log in await work.run(log) }
    }
    let output = String(decoding: try #require(result).standardOutputContent, as: UTF8.self)
    #expect(output.hasSuffix("action: exit | \(lastLine)"), "\(output)")
  }

  @Test func `a program that was started with SIGHUP ignored goes on`() async {
    await #expect(processExitsWith: .exitCode(7)) {
      signal(SIGHUP, SIG_IGN)
      OrderlyEnd.blockSignals()
      raise(SIGHUP)
      raise(SIGTERM)
      _exit(OrderlyEnd.nextSignal() == SIGTERM ? 7 : 1)
    }
  }
}

/// What a program prints instead of a log. `EndToEndTests` and `checks/faults` test output that
/// cannot be written, or that nobody reads.
@Suite(.timeLimit(.minutes(10))) struct PrintingTests {
  @Test func `a pipe that does not block gets all of it`() async {
    await #expect(processExitsWith: .exitCode(7)) {
      var ends: [Int32] = [0, 0]
      pipe(&ends)
      _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
      let output = Output(descriptor: ends[1])
      let reading = ends[0]
      let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 20)
      DispatchQueue(label: "reader").async {
        var count = 0
        var room = [UInt8](repeating: 0, count: 1000)
        while count < bytes.count { count += read(reading, &room, room.count) }
        _exit(7)
      }
      try output.writeAll(bytes)
      while true { pause() }
    }
  }
}
