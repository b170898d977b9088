import LotteryProtocol
package import ProcessSupport

/// A log in a file of its own, whose lines a test reads.
package final class LogFile: Sendable {
  package let log: Log
  private let directory = TemporaryDirectory()
  private let file: File

  package init(_ layout: LogLayout = .python, level: LogLevel = .info) throws {
    file = try File(appending: Path(directory.file("log")))
    log = Log(layout: layout, level: level, descriptor: file.descriptor)
  }

  deinit {
    log.flush()
    file.close()
  }

  /// The lines that have been written, line ends left out.
  package func written() throws -> [String] {
    let text = String(decoding: try directory.read("log"), as: UTF8.self)
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    // Nothing may follow the last line end.
    if lines.last == "" { lines.removeLast() } else { lines.append("<no line end>") }
    return lines
  }

  /// The lines so far, without their times.
  package func lines() throws -> [String] {
    log.flush()
    return try written().map(Self.withoutTime)
  }

  /// The lines so far about `actions`, without their times.
  package func lines(of actions: String...) throws -> [String] {
    try lines().filter { line in actions.contains { line.contains("action: \($0) |") } }
  }

  /// A line without its time, `YYYY-MM-DD hh:mm:ss`, and the blank after that.
  package static func withoutTime(_ line: String) -> String {
    let rest = line.dropFirst(19)
    return rest.first == " " ? String(rest.dropFirst()) : "<no blank>\(rest)"
  }
}

extension Log {
  package static var discarding: Log { Log(layout: .python, level: .critical) }
}
