import Foundation
import Glibc

/// A file that a log is written to instead of standard output, gone when the test is.
final class LogFile: Sendable {
  /// What the log writes to.
  let descriptor: Int32
  private let path: String

  init() throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
    descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND, 0o600)
    if descriptor < 0 { throw POSIXError(.EIO) }
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  /// The lines that have been written, line ends left out.
  func lines() throws -> [String] {
    let text = try String(contentsOfFile: path, encoding: .utf8)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    // Nothing may follow the last line end.
    if lines.last == "" { lines.removeLast() } else { lines.append("<no line end>") }
    return lines
  }
}

/// The parts of a log line: the time, `YYYY-MM-DD hh:mm:ss`, and what follows it.
func parts(of line: String) -> (time: String, rest: String) {
  (String(line.prefix(19)), String(line.dropFirst(19)))
}
