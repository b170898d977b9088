/// A configuration that a program cannot work with.
public struct ConfigurationError: ProgramError, Equatable {
  /// One line: where, what, and which rule it breaks.
  public let description: String

  /// A file that is not in the dialect it should be in.
  public init(file: String, line: Int, _ problem: String) {
    description = "\(file):\(line): \(problem)"
  }

  /// A value that breaks its rule.
  init(origin: Setting.Origin, key: String, value: String, rule: String) {
    description = "\(origin): \(key) = \"\(value)\": must be \(rule)"
  }

  /// A value that must be there and is not.
  init(missing key: String, variable: String) {
    description = "\(key): must be set, in the file or as \(variable)"
  }

  /// A file that cannot be read.
  init(unreadable file: String, reason: String) {
    description = "\(file): \(reason)"
  }

  /// A file that must be there and is not.
  public init(missing file: String) {
    description = "\(file): there is no such file"
  }

  /// 78.
  public var exitStatus: ExitStatus { .badConfiguration }
}
