import LotteryProtocol

/// What happened: `action: A | result: R | key: value | …`.
public struct LogLine: Sendable {
  /// How it went.
  public enum Result: String, Sendable {
    case success
    case fail
    case inProgress = "in_progress"
  }

  /// The line, without time and level.
  public let text: String

  /// A line about `action`. Values may hold anything: what would break the line is escaped.
  public init(
    _ action: StaticString, _ result: Result, _ fields: KeyValuePairs<StaticString, String> = [:]
  ) {
    var text = "action: \(action) | result: \(result.rawValue)"
    for (key, value) in fields {
      text += " | \(key): \(PrintableText.escaped(value))"
    }
    self.text = text
  }
}
