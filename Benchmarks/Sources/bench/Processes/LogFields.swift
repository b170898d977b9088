/// The fields of a log line, `key: value | key: value`.
struct LogFields {
  private let line: String

  /// The fields of `line`.
  init(_ line: String) {
    self.line = line
  }

  /// The fields of the line with which a program that has ended says how long it took.
  init(lastLineOf child: ChildProcess) throws(BenchError) {
    var log = try LogFollower(child)
    line = try log.line(with: "seconds: ")
  }

  /// The number in the field `key`.
  func number(_ key: String) throws(BenchError) -> Double {
    guard let number = try Double(text(key)) else { throw unexpected(key) }
    return number
  }

  /// The duration in the field `key`, written as in Go: `1m2.5s`, `350ms`, `12.5µs`.
  func duration(_ key: String) throws(BenchError) -> Duration {
    var rest = try text(key)[...]
    var nanoseconds = 0.0
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isNumber || $0 == "." }
      let unit = rest.dropFirst(digits.count).prefix { !$0.isNumber }
      guard let value = Double(digits), let size = Self.units[String(unit)] else {
        throw unexpected(key)
      }
      nanoseconds += value * size
      rest = rest.dropFirst(digits.count + unit.count)
    }
    return .nanoseconds(Int64(nanoseconds))
  }

  private static let units = [
    "ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "m": 60e9, "h": 3600e9,
  ]

  private func text(_ key: String) throws(BenchError) -> String {
    for field in line.split(separator: " | ") where field.hasPrefix(key + ": ") {
      return String(field.dropFirst(key.count + 2))
    }
    throw unexpected(key)
  }

  private func unexpected(_ key: String) -> BenchError {
    .unexpected("no \(key) in: \(line)")
  }
}
