import Glibc
import LotteryCore
package import LotteryProtocol
import Synchronization

/// What both programs do apart from their work: flags, signals, the last log line, the exit status.
package struct Program: Sendable {
  /// The version of both programs.
  package static let version = "1.0.0"

  /// How long the last log lines may take to be written: enough for any output that is read.
  /// Together with the time in which a server tells its agencies of the end, it is less than a
  /// second.
  private static let flushLimit = Duration.milliseconds(500)

  private let name: String
  private let help: String
  private let log: Log

  /// A program.
  ///
  /// - Parameters:
  ///   - name: the program's name.
  ///   - help: what `--help` prints.
  ///   - layout: the layout of its log lines.
  package init(name: String, help: String, layout: LogLayout) {
    self.name = name
    self.help = help
    log = Log(layout: layout, level: .info)
  }

  /// Does what `arguments` ask for, which do not include the program's name.
  ///
  /// - Parameters:
  ///   - status: gets the configuration file that `--config` named and a worker, asks the running
  ///     program for its status, and returns what to print. Nil if the program has no `--status`.
  ///   - work: gets the configuration file that `--config` named, a worker and a log. SIGTERM and
  ///     SIGINT cancel it.
  /// - Returns: the exit status.
  package func run(
    _ arguments: some Sequence<String>,
    status: (@Sendable (String?, Worker) async throws -> String)? = nil,
    work: @escaping @Sendable (String?, Worker, Log) async throws -> Void
  ) async -> Int32 {
    do throws(UsageError) {
      switch try Invocation(arguments, hasStatus: status != nil) {
      case .run(let file): return await run(with: file, work).rawValue
      case .status(let file): return await show(file, status).rawValue
      case .help: say(help, to: STDOUT_FILENO)
      case .version: say("\(name) \(Self.version)", to: STDOUT_FILENO)
      }
      return ExitStatus.success.rawValue
    } catch {
      say("\(name): \(Self.printable(error)); try \(name) --help", to: STDERR_FILENO)
      return error.exitStatus.rawValue
    }
  }

  private func show(
    _ file: String?, _ status: (@Sendable (String?, Worker) async throws -> String)?
  ) async -> ExitStatus {
    signal(SIGPIPE, SIG_IGN)
    let worker = Worker(label: name)
    let task = Task(executorPreference: worker) { try await status?(file, worker) }
    do {
      // The caller must not take half a table for the whole.
      if say(try await task.value ?? "", to: STDOUT_FILENO) { return .success }
      say("\(name): standard output cannot be written", to: STDERR_FILENO)
      return .ioError
    } catch {
      say("\(name): \(Self.printable(error))", to: STDERR_FILENO)
      return Self.exitStatus(error)
    }
  }

  /// The error in one line. It may quote a peer or a file, whose bytes must not control the
  /// operator's terminal.
  private static func printable(_ error: any Error) -> String {
    PrintableText.escaped("\(error)")
  }

  /// Writes a line. Returns false if that fails.
  @discardableResult
  private func say(_ line: String, to descriptor: Int32) -> Bool {
    var rest = ArraySlice((line + "\n").utf8)
    while !rest.isEmpty {
      let count = try? SystemError.check("write") {
        rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
      }
      guard let count, count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  private func run(
    with file: String?, _ work: @escaping @Sendable (String?, Worker, Log) async throws -> Void
  ) async -> ExitStatus {
    // A write to a pipe without a reader, or beyond the limit of a file's size, is an error to
    // handle and must not end the process.
    signal(SIGPIPE, SIG_IGN)
    signal(SIGXFSZ, SIG_IGN)
    let worker = Worker(label: name)
    let log = log
    let state = Mutex(RunState())
    // Before the work begins: without a watcher, a signal ends the process at once.
    let watcher = SignalWatcher(SignalWatcher.termination) { signal in
      state.withLock { state in
        guard !state.hasEnded else { return }
        // Logging does not block, so this line comes before those of all that ends.
        log.info(
          LogLine(
            "shutdown", .inProgress, ["signal": signal == SIGINT ? "SIGINT" : "SIGTERM"]))
        state.isCancelled = true
        state.task?.cancel()
      }
    }
    let task = Task(executorPreference: worker) { try await work(file, worker, log) }
    state.withLock { state in
      state.task = task
      if state.isCancelled { task.cancel() }
    }
    let result = await task.result
    let status = state.withLock { state in
      state.hasEnded = true
      return report(result)
    }
    withExtendedLifetime(watcher) {}
    log.flush(limit: Self.flushLimit)
    return status
  }

  /// What the handler of signals shares with the run.
  private struct RunState {
    var task: Task<Void, any Error>?
    /// Whether a signal has arrived, perhaps before there was a task.
    var isCancelled = false
    /// Whether the line about the exit is logged, after which no other line may follow.
    var hasEnded = false
  }

  private func report(_ result: Result<Void, any Error>) -> ExitStatus {
    guard case .failure(let error) = result else {
      log.info(LogLine("exit", .success))
      return .success
    }
    let status = Self.exitStatus(error)
    log.critical(
      LogLine("exit", .fail, ["status": "\(status.rawValue)", "error": "\(error)"]))
    return status
  }

  private static func exitStatus(_ error: any Error) -> ExitStatus {
    (error as? any ProgramError)?.exitStatus ?? .systemError
  }
}

/// The main thread of a program.
package enum MainThread {
  /// Waits while `work` runs on other threads, and exits with the status that it returns.
  ///
  /// `await` at the top level would end the main thread instead (dispatch_main(3)). Then the C
  /// library unwinds its stack, for which a static executable sorts all its unwinding information.
  /// That takes longer than the rest of the start.
  package static func wait(for work: @escaping @Sendable () async -> Int32) -> Never {
    Task { exit(await work()) }
    // pause(2) returns after each signal that is handled.
    while true { pause() }
  }
}
