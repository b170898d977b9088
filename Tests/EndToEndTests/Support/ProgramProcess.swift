import Foundation
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

/// One of the two executables, running, and what it prints.
final class ProgramProcess: Sendable {
  private struct State {
    var lines: [String] = []
    var isAtEnd = false
    var waiting: [(text: String, continuation: CheckedContinuation<String?, Never>)] = []
  }

  private let state = Mutex(State())
  private let process: ChildProcess
  private let ending = Promise<ChildProcess.Ending>()

  /// In the path sanitizers look for `llvm-symbolizer`: without it there are no names in their
  /// reports, and none are recognized as known.
  private static let inherited = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" }

  /// The path of an executable of this package.
  static func path(of program: String) -> String {
    Bundle.main.bundleURL.appending(path: program).path()
  }

  /// Starts `program`, with nothing else in its environment but `environment`.
  ///
  /// - Parameter path: the path of another program; nil for `program` of this package.
  init(
    _ program: String, path: String? = nil, _ arguments: [String] = [],
    environment: [String: String]
  ) throws {
    process = try ChildProcess(
      path ?? Self.path(of: program), arguments,
      environment: Self.inherited.merging(environment) { $1 }.map { "\($0)=\($1)" },
      joinsErrors: true)
    Thread.detachNewThread { [self] in ending.fulfill(read()) }
  }

  /// All lines printed so far.
  var lines: [String] { state.withLock { $0.lines } }

  /// Sends it a signal.
  func send(_ signal: Int32) {
    if ending.value == nil { kill(process.pid, signal) }
  }

  /// The most memory that it has taken so far, in kB (proc(5), VmHWM); nil if it has ended.
  var peakMemory: Int? {
    let status = try? String(contentsOfFile: "/proc/\(process.pid)/status", encoding: .utf8)
    let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) }
  }

  /// Waits for the first process that this one starts and for which `isReady` is true; nil if this
  /// one ends before that.
  func firstChild(where isReady: (pid_t) -> Bool) async -> pid_t? {
    let path = "/proc/\(process.pid)/task/\(process.pid)/children"
    while ending.value == nil, !Task.isCancelled {
      let children = try? String(contentsOfFile: path, encoding: .utf8)
      if let child = children?.split(separator: " ").compactMap({ pid_t($0) }).first(where: isReady)
      {
        return child
      }
      await Task.yield()
    }
    return nil
  }

  /// Stops it, waits until it has stopped, and lets it go on.
  func stopAndContinue() {
    send(SIGSTOP)
    var information = siginfo_t()
    waitid(P_PID, id_t(process.pid), &information, WSTOPPED)
    send(SIGCONT)
  }

  /// Waits until a line holds `text`; nil if the output ends before that.
  @discardableResult
  func line(with text: String) async -> String? {
    await withCheckedContinuation { continuation in
      let answer = state.withLock { state -> (line: String?, isKnown: Bool) in
        if let line = state.lines.first(where: { $0.contains(text) }) { return (line, true) }
        if state.isAtEnd { return (nil, true) }
        state.waiting.append((text, continuation))
        return (nil, false)
      }
      if answer.isKnown { continuation.resume(returning: answer.line) }
    }
  }

  /// Waits for its end, and for all of its output; nil if the task is cancelled first.
  func end() async -> ChildProcess.Ending? {
    await ending.wait()
  }

  /// Ends it with SIGTERM, and expects that it ends well.
  func stop(sourceLocation: SourceLocation = #_sourceLocation) async {
    send(SIGTERM)
    #expect(await end() == .exit(0), "\(lines.last ?? "")", sourceLocation: sourceLocation)
  }

  private func read() -> ChildProcess.Ending {
    var rest: [UInt8] = []
    let ending = process.wait { bytes in
      rest += bytes
      while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        add(String(decoding: rest[..<end], as: UTF8.self))
        rest.removeSubrange(...end)
      }
    }
    let woken = state.withLock { state in
      state.isAtEnd = true
      defer { state.waiting = [] }
      return state.waiting
    }
    for waiter in woken { waiter.continuation.resume(returning: nil) }
    return ending
  }

  private func add(_ line: String) {
    let woken = state.withLock { state in
      state.lines.append(line)
      let woken = state.waiting.filter { line.contains($0.text) }
      state.waiting.removeAll { line.contains($0.text) }
      return woken
    }
    for waiter in woken { waiter.continuation.resume(returning: line) }
  }
}
