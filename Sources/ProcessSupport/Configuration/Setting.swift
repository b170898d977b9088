/// A value as it stands in a configuration file or in the environment.
public struct Setting: Equatable, Sendable {
  /// Where a person finds it.
  public enum Origin: Equatable, Sendable, CustomStringConvertible {
    case file(String, line: Int)
    case environment

    /// `file:line`, or `environment`.
    public var description: String {
      switch self {
      case .file(let path, let line): "\(path):\(line)"
      case .environment: "environment"
      }
    }
  }

  /// The key, as the file writes it, in lower case.
  public let key: String
  /// The text.
  public let value: String
  /// Where it was found.
  public let origin: Origin

  /// A value that was found.
  public init(key: String, value: String, origin: Origin) {
    self.key = key
    self.value = value
    self.origin = origin
  }
}
