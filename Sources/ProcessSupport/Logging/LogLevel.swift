/// How much a log line matters, least first.
///
/// Server and agency print different names for the same level; see ``LogLayout``.
public enum LogLevel: Int, Sendable, Comparable, CaseIterable {
  case debug
  case info
  case warning
  case error
  case critical

  /// The level that `text` names, in upper or lower case, or nil where it names none.
  ///
  /// `WARN`, `NOTICE` and `FATAL` are taken as what Python's `logging` and Go's `go-logging` mean
  /// by them.
  public init?(name text: String) {
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
  public var name: String {
    switch self {
    case .debug: "DEBUG"
    case .info: "INFO"
    case .warning: "WARNING"
    case .error: "ERROR"
    case .critical: "CRITICAL"
    }
  }

  /// Whether `left` matters less than `right`.
  public static func < (left: LogLevel, right: LogLevel) -> Bool {
    left.rawValue < right.rawValue
  }
}
