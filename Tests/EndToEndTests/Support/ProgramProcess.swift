import Foundation
import Synchronization

/// One of the two executables, running, and what it prints.
final class ProgramProcess: Sendable {
  /// How it ended.
  struct Ending: Sendable, Equatable {
    /// The exit status, or the signal that killed it.
    let status: Int32
    let wasKilled: Bool
  }

  private struct State {
    var lines: [String] = []
    var isAtEnd = false
    var waiting: [(text: String, continuation: CheckedContinuation<String?, Never>)] = []
  }

  private let state = Mutex(State())
  private let process: Mutex<Process>
  private let ending: Task<Ending, Never>

  /// In the path sanitizers look for `llvm-symbolizer`: without it there are no names in their
  /// reports, and none are recognized as known.
  private static let inherited = ProcessInfo.processInfo.environment.filter { $0.key == "PATH" }

  /// Starts `program`, with nothing else in its environment but `environment`.
  init(_ program: String, _ arguments: [String] = [], environment: [String: String]) throws {
    let process = Process()
    process.executableURL = URL(filePath: Bundle.main.bundlePath).appending(path: program)
    process.arguments = arguments
    process.environment = Self.inherited.merging(environment) { $1 }
    let output = Pipe()
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    let (endings, continuation) = AsyncStream.makeStream(of: Ending.self)
    process.terminationHandler = { process in
      continuation.yield(
        Ending(
          status: process.terminationStatus,
          wasKilled: process.terminationReason == .uncaughtSignal))
      continuation.finish()
    }
    ending = Task {
      for await ending in endings { return ending }
      return Ending(status: -1, wasKilled: true)
    }
    try process.run()
    self.process = Mutex(process)
    let reader = output.fileHandleForReading
    Thread.detachNewThread { [self] in read(reader) }
  }

  /// All lines printed so far.
  var lines: [String] { state.withLock { $0.lines } }

  /// Sends it a signal.
  func send(_ signal: Int32) {
    let pid = process.withLock { $0.processIdentifier }
    kill(pid, signal)
  }

  /// The most memory that it has taken so far, in kB (proc(5), VmHWM); nil where it has ended.
  var peakMemory: Int? {
    let pid = process.withLock { $0.processIdentifier }
    let status = try? String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8)
    let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line.flatMap { Int($0.filter(\.isNumber)) }
  }

  /// Waits until a line holds `text`; nil where the output ends before that.
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

  /// Waits for its end, and for all of its output.
  func end() async -> Ending {
    let result = await ending.value
    await line(with: "\u{0}never printed")
    return result
  }

  private func read(_ reader: FileHandle) {
    var rest: [UInt8] = []
    while true {
      let data = reader.availableData
      if data.isEmpty { break }
      rest += data
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

extension ProgramProcess.Ending {
  /// It ended by itself, with this status.
  static func exit(_ status: Int32) -> Self { Self(status: status, wasKilled: false) }
}
