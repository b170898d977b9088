import TestSupport
import LotteryCore
import LotteryProtocol
import ProcessSupport

/// A log in a file of its own, for tests that read it.
final class LogFile: Sendable {
  let log: Log
  private let directory: TemporaryDirectory
  private let path: String
  private let file: File

  init(level: LogLevel = .info) throws {
    directory = try TemporaryDirectory()
    path = directory.file("log")
    file = try File(appending: path)
    log = Log(layout: .python, level: level, descriptor: file.descriptor)
  }

  deinit {
    log.flush()
    file.close()
  }

  /// The lines so far about `actions`, without their times.
  func lines(of actions: String...) throws -> [String] {
    log.flush()
    return String(decoding: try directory.read("log"), as: UTF8.self)
      .split(separator: "\n")
      .map { String($0.dropFirst("2026-01-01 00:00:00 ".count)) }
      .filter { line in actions.contains { line.contains("action: \($0) |") } }
  }
}
