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
    var waiting: [(text: String, line: Promise<String?>)] = []
  }

  private let state = Mutex(State())
  private let process: ChildProcess
  private let ending = Promise<ChildProcess.Ending>()

  /// Where the executables of this package are.
  private static let directory = Bundle.main.bundleURL.path()

  /// Starts `program`, with nothing else in its environment but `environment`.
  convenience init(
    _ program: String, _ arguments: [String] = [], environment: [String: String]
  ) throws {
    try self.init(path: "\(Self.directory)/\(program)", arguments, environment)
  }

  /// Starts a shell that runs `script` and finds the executables by their names.
  convenience init(script: String, environment: [String: String] = [:]) throws {
    try self.init(path: "sh", ["-c", script], environment)
  }

  private init(path: String, _ arguments: [String], _ environment: [String: String]) throws {
    // Sanitizers also look there for `llvm-symbolizer`: without it there are no names in their
    // reports, and none are recognized as known.
    let inherited = ProcessInfo.processInfo.environment["PATH"] ?? ""
    let all = environment.merging(["PATH": "\(Self.directory):\(inherited)"]) { $1 }
    process = try ChildProcess(
      path, arguments, environment: all.map { "\($0)=\($1)" })
    Thread.detachNewThread { [self] in ending.fulfill(read()) }
  }

  /// Its number.
  var pid: pid_t { process.pid }

  /// All lines printed so far: a copy, because the thread sanitizer does not see the reference
  /// counts that keep an array with two owners from being changed in place.
  var lines: [String] { state.withLock { $0.lines.map(\.self) } }

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

  /// Waits until a line holds `text`; nil if the output ends before that.
  @discardableResult
  func line(with text: String) async -> String? {
    let line = state.withLock { state in
      let promise = Promise<String?>()
      let line = state.lines.first { $0.contains(text) }
      if line != nil || state.isAtEnd {
        promise.fulfill(line)
      } else {
        state.waiting.append((text, promise))
      }
      return promise
    }
    return await line.wait() ?? nil
  }

  /// Waits for its end, and for all of its output; nil if the task is cancelled first.
  func end() async -> ChildProcess.Ending? {
    await ending.wait()
  }

  /// Expects that it ends with `status`, and that its last line ends with `text`.
  func expectEnd(
    _ status: Int32, _ text: String = "", sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    #expect(await end() == .exit(status), sourceLocation: sourceLocation)
    #expect((lines.last ?? "").hasSuffix(text), "\(lines)", sourceLocation: sourceLocation)
  }

  /// Ends it with SIGTERM, and expects that it ends well.
  func stop(sourceLocation: SourceLocation = #_sourceLocation) async {
    send(SIGTERM)
    await expectEnd(0, "action: exit | result: success", sourceLocation: sourceLocation)
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
    add(nil)
    return ending
  }

  /// Notes a line, or the end if there is none.
  private func add(_ line: String?) {
    state.withLock { state in
      if let line { state.lines.append(line) } else { state.isAtEnd = true }
      state.waiting.removeAll { waiter in
        guard line?.contains(waiter.text) ?? true else { return false }
        waiter.line.fulfill(line)
        return true
      }
    }
  }
}
