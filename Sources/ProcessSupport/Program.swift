import Dispatch
import Glibc
package import LotteryProtocol
import Synchronization

/// What both programs do apart from their work: flags, signals, the last log line, the exit status.
package struct Program: Sendable {
  package static let version = "1.0.0"

  /// How long the last log lines may wait for an output that takes none. Together with the time in
  /// which a server tells its agencies of the end, it is less than a second.
  private static let flushLimit = Duration.milliseconds(500)
  /// How long the line about an end that was cut short may take.
  private static let lastWordLimit = Duration.milliseconds(250)

  /// Asks the running program with this configuration file for its status, and returns what to
  /// print.
  package typealias Status = @Sendable (Path?, Worker) async throws -> String
  /// Does the program's work with this configuration file. A signal cancels it.
  package typealias Work = @Sendable (Path?, Worker, Log) async throws -> Void

  private let name: String
  private let help: String
  private let limits: OrderlyEnd.Limits
  private let log: Log

  /// - Parameters:
  ///   - help: what `--help` prints.
  ///   - limits: how long its end may take.
  package init(
    name: String, help: String, layout: LogLayout, limits: OrderlyEnd.Limits = .init()
  ) {
    self.name = name
    self.help = help
    self.limits = limits
    log = Log(layout: layout, level: .info)
  }

  /// Does what `arguments` ask for, and exits with the status of that.
  ///
  /// The work runs on other threads while this one waits for signals. `await` at the top level
  /// would end the main thread instead (dispatch_main(3)). Then the C library unwinds its stack,
  /// for which a static executable sorts all its unwinding information. That takes longer than the
  /// rest of the start.
  /// - Parameters:
  ///   - arguments: do not include the program's name.
  ///   - status: nil if the program has no `--status`.
  package func main(
    _ arguments: [Path] = Program.arguments, status: Status? = nil, work: @escaping Work
  ) -> Never {
    OrderlyEnd.blockSignals()
    Self.occupyStandardDescriptors()
    // A write to a pipe without a reader, or beyond the limit of a file's size, is an error to
    // handle and must not end the process.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    do throws(UsageError) {
      switch try Invocation(arguments, hasStatus: status != nil) {
      case .run(let file): run { try await work(file, $0, log) }
      case .status(let file): answer { try await status?(file, $0) ?? "" }
      case .help: answer { _ in help }
      case .version: answer { _ in "\(name) \(Self.version)" }
      }
    } catch {
      answer { _ in throw error }
    }
  }

  /// Opens the standard descriptors that are closed, so that no other file takes their place and
  /// gets what is printed. A write to them fails.
  private static func occupyStandardDescriptors() {
    for descriptor in STDIN_FILENO...STDERR_FILENO where fcntl(descriptor, F_GETFD) == -1 {
      // The lowest free descriptor is taken (open(2)).
      _ = open("/dev/null", O_RDONLY)
    }
  }

  /// The arguments of this process after its name, as they are: `CommandLine.arguments` repairs
  /// what is not UTF-8.
  package static var arguments: [Path] {
    // There are `argc` strings, each ends in NUL (execve(2)), and no code changes them.
    UnsafeBufferPointer(start: CommandLine.unsafeArgv, count: Int(CommandLine.argc)).dropFirst()
      .compactMap { $0 }
      .map { Path(bytes: Array(UnsafeRawBufferPointer(start: $0, count: strlen($0)))) }
  }

  /// Runs the program's work, logs how it ended, and exits. A signal cancels the work.
  private func run(_ work: @escaping @Sendable (Worker) async throws -> Void) -> Never {
    let worker = Worker(label: name)
    let task = Task(executorPreference: worker) { try await work(worker) }
    // Whether the line about the exit is logged, after which no other line may follow.
    let hasEnded = Mutex(false)
    Task {
      let result = await task.result
      let status = hasEnded.withLock { hasEnded in
        hasEnded = true
        return report(result)
      }
      log.flush(limit: Self.flushLimit)
      exit(status.rawValue)
    }
    let signal = OrderlyEnd.nextSignal()
    DispatchQueue(label: "signals").async {
      hasEnded.withLock { hasEnded in
        if hasEnded { return }
        // This line comes before those of all that ends.
        let names = [SIGINT: "SIGINT", SIGHUP: "SIGHUP", SIGTERM: "SIGTERM"]
        log.info(LogLine("shutdown", .inProgress, ["signal": names[signal] ?? "\(signal)"]))
      }
      task.cancel()
    }
    cutShort(because: OrderlyEnd.watch(limits))
  }

  private func report(_ result: Result<Void, any Error>) -> ExitStatus {
    do {
      try result.get()
    } catch is CancellationError {
      // A signal asked for the end: that is no failure.
    } catch {
      let status = Self.exitStatus(error)
      log.critical(
        LogLine("exit", .fail, ["status": "\(status.rawValue)", "error": "\(error)"]))
      return status
    }
    log.info(LogLine("exit", .success))
    return .success
  }

  /// Ends the process, whatever hangs. The line about it must not hang either, so another thread
  /// writes it.
  private func cutShort(because reason: String) -> Never {
    let isWritten = DispatchSemaphore(value: 0)
    let status = ExitStatus.cutShort
    DispatchQueue(label: "last word").async {
      log.critical(LogLine("exit", .fail, ["status": "\(status.rawValue)", "error": reason]))
      log.flush(limit: Self.lastWordLimit)
      isWritten.signal()
    }
    _ = isWritten.wait(timeout: .now() + .nanoseconds(2 * Self.lastWordLimit.nanoseconds))
    _exit(status.rawValue)
  }

  private static func exitStatus(_ error: any Error) -> ExitStatus {
    (error as? any ProgramError)?.exitStatus ?? .systemError
  }

  /// Prints what the program was asked for instead of its work, and exits. A signal ends it at
  /// once: nothing has anything to close.
  private func answer(_ text: @escaping @Sendable (Worker) async throws -> String) -> Never {
    let worker = Worker(label: name)
    Task(executorPreference: worker) {
      do {
        exit(say(try await text(worker)).rawValue)
      } catch {
        complain("\(error)" + (error is UsageError ? "; try \(name) --help" : ""))
        exit(Self.exitStatus(error).rawValue)
      }
    }
    _exit(128 + OrderlyEnd.nextSignal())
  }

  /// Prints a text. The caller must not take half of it for the whole.
  private func say(_ text: String) -> ExitStatus {
    do {
      try Output(descriptor: STDOUT_FILENO).writeAll(Array("\(text)\n".utf8))
      return .success
    } catch {
      complain("standard output cannot be written: \(error)")
      return .ioError
    }
  }

  /// Prints a problem in one line. It may quote a peer or a file, whose bytes must not control the
  /// operator's terminal.
  private func complain(_ problem: String) {
    let line = "\(name): \(PrintableText.escaped(problem.utf8.span))\n"
    // There is nowhere to report that this fails.
    try? Output(descriptor: STDERR_FILENO).writeAll(Array(line.utf8))
  }
}
