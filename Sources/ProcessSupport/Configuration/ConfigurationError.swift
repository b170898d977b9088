/// A configuration that a program cannot work with.
public struct ConfigurationError: ProgramError, Equatable {
  /// One line: where, what, and which rule it breaks.
  public let description: String
  /// 66 if the configuration file that was named does not exist, else 78.
  public let exitStatus: ExitStatus

  /// A file that is not in the dialect it should be in.
  public init(file: String, line: Int, _ problem: String) {
    self.init("\(file):\(line): \(problem)")
  }

  /// A value that breaks its rule.
  init(origin: Setting.Origin, key: String, value: String, rule: String) {
    self.init("\(origin): \(key) = \"\(value)\": must be \(rule)")
  }

  /// A value that must be there and is not.
  init(missing key: String, variable: String) {
    self.init("\(key): must be set, in the file or as \(variable)")
  }

  /// A file that cannot be read.
  init(unreadable file: String, reason: String) {
    self.init("\(file): \(reason)")
  }

  /// A file that must be there and is not.
  public init(missing file: String) {
    self.init("\(file): there is no such file")
  }

  /// A configuration file that was named on the command line and does not exist.
  init(noInput file: String) {
    self.init("\(file): there is no such file", exitStatus: .noInput)
  }

  private init(_ description: String, exitStatus: ExitStatus = .badConfiguration) {
    self.description = description
    self.exitStatus = exitStatus
  }
}
