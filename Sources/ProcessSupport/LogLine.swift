import Glibc
import LotteryProtocol

/// The message of a log line: `action: A | result: R | key: value | …`.
package struct LogLine: Sendable {
  package enum Result: String, Sendable {
    case success
    case fail
    case inProgress = "in_progress"
  }

  let bytes: [UInt8]
  package var text: String { String(decoding: bytes, as: UTF8.self) }

  /// A line about `action`. Values may contain anything: what would break the line is escaped, and
  /// what is longer than ``valueLimit`` is cut.
  package init(
    _ action: StaticString, _ result: Result, _ fields: KeyValuePairs<StaticString, String> = [:]
  ) {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.usualSize)
    bytes.append("action: ")
    bytes.append(action)
    bytes.append(" | result: ")
    bytes.append(copying: result.rawValue.utf8.span)
    for (key, value) in fields {
      bytes.append(" | ")
      bytes.append(key)
      bytes.append(": ")
      PrintableText.append(escaped: value, limit: Self.valueLimit, to: &bytes)
    }
    self.bytes = bytes
  }

  /// Bytes of a value after which it is cut. Peers choose some of the values.
  static let valueLimit = 1024
  private static let usualSize = 128
}

extension Array where Element == UInt8 {
  fileprivate mutating func append(_ text: StaticString) {
    text.withUTF8Buffer { append(contentsOf: $0) }
  }
}

/// The severity of a log line, lowest first.
///
/// Server and agency print different names for the same level: see ``LogLayout``.
package enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug, info, warning, error, critical

  /// The level called `text`, in upper or lower case. Nil if there is none. `WARN`, `NOTICE` and
  /// `FATAL` mean what they mean in Python's `logging` and Go's `go-logging`.
  package init?(name text: String) {
    let other = ["WARN": Self.warning, "NOTICE": .info, "FATAL": .critical][text.uppercased()]
    let named = Self.allCases.first { $0.name == text.uppercased() }
    guard let level = named ?? other else { return nil }
    self = level
  }

  /// The level's name in upper case, as in Python's `logging`.
  package var name: String { "\(self)".uppercased() }

  package static func < (left: LogLevel, right: LogLevel) -> Bool {
    left.rawValue < right.rawValue
  }
}

/// The part of a log line before its message. The exercises prescribe it to the letter.
package enum LogLayout: Sendable {
  /// Python's `%(asctime)s %(levelname)-8s %(message)s`, as in the course's server.
  case python
  /// go-logging's `%{time:2006-01-02 15:04:05} %{level:.5s}     %{message}`, as in its client.
  case go

  /// The level between time and message, including the blanks around it.
  func column(for level: LogLevel) -> String {
    switch self {
    case .python:
      " " + level.name + String(repeating: " ", count: 9 - level.name.count)
    case .go:
      " " + level.name.prefix(5) + "     "
    }
  }
}

/// The local time as `YYYY-MM-DD hh:mm:ss`, formatted once a second.
struct LogClock {
  private var second: time_t = -1
  private(set) var text = ""

  /// Updates ``text`` to the current time, and returns its second.
  @discardableResult
  mutating func update() -> time_t {
    let now = time(nil)
    guard now != second else { return now }
    second = now
    var parts = tm()
    localtime_r(&second, &parts)
    var buffer = [CChar](repeating: 0, count: 32)
    let count = strftime(&buffer, buffer.count, "%Y-%m-%d %H:%M:%S", &parts)
    text = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
    return now
  }
}

struct LogBudget {
  /// Lines of a value of at most ``LogLine/valueLimit`` bytes: half a megabyte.
  static let limit = 500

  private var second: time_t = 0
  private var count = 0

  /// Takes a line of this `second`, and returns whether one was left.
  mutating func take(in second: time_t) -> Bool {
    if second != self.second { (self.second, count) = (second, 0) }
    count += 1
    return count <= Self.limit
  }

  /// Returns how many lines an earlier second had too many, once.
  mutating func takeSuppressed(before second: time_t) -> Int {
    guard second != self.second, count > Self.limit else { return 0 }
    defer { count = 0 }
    return count - Self.limit
  }
}
