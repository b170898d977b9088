import Glibc
import LotteryCore

/// What happened: `action: A | result: R | key: value | …`.
package struct LogLine: Sendable {
  /// How it went.
  package enum Result: String, Sendable {
    case success
    case fail
    case inProgress = "in_progress"
  }

  /// The line, without time and level.
  package let text: String

  /// A line about `action`. Values may hold anything: what would break the line is escaped.
  package init(
    _ action: StaticString, _ result: Result, _ fields: KeyValuePairs<StaticString, String> = [:]
  ) {
    var text = "action: \(action) | result: \(result.rawValue)"
    for (key, value) in fields {
      text += " | \(key): \(PrintableText.escaped(value))"
    }
    self.text = text
  }
}

/// How much a log line matters, least first.
///
/// Server and agency print different names for the same level; see ``LogLayout``.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug
  case info
  case warning
  case error
  case critical

  /// The level that `text` names, in upper or lower case, or nil where it names none.
  ///
  /// `WARN`, `NOTICE` and `FATAL` are taken as what Python's `logging` and Go's `go-logging` mean
  /// by them.
  package init?(name text: String) {
    switch text.uppercased() {
    case "DEBUG": self = .debug
    case "INFO", "NOTICE": self = .info
    case "WARNING", "WARN": self = .warning
    case "ERROR": self = .error
    case "CRITICAL", "FATAL": self = .critical
    default: return nil
    }
  }

  /// The level's name in upper case, as Python's `logging` writes it.
  package var name: String {
    switch self {
    case .debug: "DEBUG"
    case .info: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    case .critical: "CRITICAL"
    }
  }

  /// Whether `left` matters less than `right`.
  package static func < (left: LogLevel, right: LogLevel) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// What stands before the message of a log line. The exercises' graders read these to the letter.
package enum LogLayout: Sendable {
  /// Python's `%(asctime)s %(levelname)-8s %(message)s`, as the course's server has it.
  case python
  /// go-logging's `%{time:2006-01-02 15:04:05} %{level:.5s}     %{message}`, as its client has it.
  case go

  /// The level as it stands between time and message, the blanks around it included.
  func column(for level: LogLevel) -> String {
    switch self {
    case .python:
      " " + level.name + String(repeating: " ", count: 9 - level.name.count)
    case .go:
      " " + level.name.prefix(5) + "     "
    }
  }
}

/// The local time as log lines show it, `YYYY-MM-DD hh:mm:ss`, worked out once a second.
struct LogClock {
  private var second: time_t = -1
  private(set) var text = ""

  /// Brings ``text`` up to date.
  mutating func update() {
    let now = time(nil)
    guard now != second else { return }
    second = now
    var parts = tm()
    localtime_r(&second, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
    text = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
