import Glibc
import LotteryProtocol

/// The settings of a program, from its environment and its configuration file. The environment
/// takes precedence.
///
/// Keys are case-insensitive. An empty value counts as not set.
package struct Settings {
  private let file: [String: Setting]
  private let environment: (String) throws(ConfigurationError) -> String?
  /// The keys that the program has asked for, in lower case.
  private var known: Set<String> = []

  /// Settings with the values of `file` and of `environment`.
  package init(
    file: [Setting], environment: @escaping (String) throws(ConfigurationError) -> String?
  ) {
    self.file = Dictionary(file.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    self.environment = environment
  }

  /// Returns the value of the environment's `variable`, or else of `key`, or nil if neither is set.
  ///
  /// - Parameter acceptsEmpty: whether an empty value is passed to the rule.
  /// - Throws: ``ConfigurationError`` if the value breaks its rule.
  package mutating func value<Value>(
    _ key: String, _ variable: String, _ rule: ValueRule<Value>, acceptsEmpty: Bool = false
  ) throws(ConfigurationError) -> Value? {
    known.insert(key.lowercased())
    if let text = try environment(variable), acceptsEmpty || !text.isEmpty {
      return try Self.checked(
        Setting(key: variable, value: text, origin: .environment), name: variable, rule)
    }
    guard let setting = file[key.lowercased()], acceptsEmpty || !setting.value.isEmpty
    else { return nil }
    return try Self.checked(setting, name: key, rule)
  }

  /// Returns the value of the environment's `variable`, or else of `key`, one of which must be set.
  package mutating func required<Value>(
    _ key: String, _ variable: String, _ rule: ValueRule<Value>
  ) throws(ConfigurationError) -> Value {
    guard let value = try value(key, variable, rule) else {
      throw ConfigurationError(missing: key, variable: variable)
    }
    return value
  }

  /// Sets `target` to the value of the environment's `variable`, or else of `key`, if one is set.
  ///
  /// - Throws: ``ConfigurationError`` if the value breaks its rule.
  package mutating func read<Value>(
    _ key: String, _ variable: String, _ rule: ValueRule<Value>, into target: inout Value
  ) throws(ConfigurationError) {
    if let value = try value(key, variable, rule) { target = value }
  }

  /// Sets `target`, like ``read(_:_:_:into:)``, for a variable that has the key's name.
  package mutating func read<Value>(
    _ key: String, _ rule: ValueRule<Value>, into target: inout Value
  ) throws(ConfigurationError) {
    try read(key, key, rule, into: &target)
  }

  /// The values in the file that the program has not asked for, sorted by key.
  package var unused: [Setting] {
    file.values.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
  }

  private static func checked<Value>(
    _ setting: Setting, name: String, _ rule: ValueRule<Value>
  ) throws(ConfigurationError) -> Value {
    guard let value = rule.parse(setting.value) else {
      throw ConfigurationError(
        origin: setting.origin, key: name, value: setting.value, rule: rule.text)
    }
    return value
  }
}

extension Settings {
  /// Logs a warning for each key of the file that means nothing. It may be misspelt.
  package func warnOfUnused(_ log: Log) {
    for setting in unused {
      log.warning(
        LogLine(
          "ignore_key", .success, ["key": setting.key, "origin": "\(setting.origin)"]))
    }
  }
}

/// A value in a configuration file or in the environment.
package struct Setting: Equatable, Sendable {
  /// Where the value is.
  package enum Origin: Equatable, Sendable, CustomStringConvertible {
    case file(String, line: Int)
    case environment

    /// `file:line`, or `environment`.
    package var description: String {
      switch self {
      case .file(let path, let line): "\(path):\(line)"
      case .environment: "environment"
      }
    }
  }

  /// The key, in lower case.
  package let key: String
  /// The value as text.
  package let value: String
  /// Where the value is.
  package let origin: Origin

  /// The value of `key` at `origin`.
  package init(key: String, value: String, origin: Origin) {
    self.key = key
    self.value = value
    self.origin = origin
  }
}

/// The environment of this process.
package enum Environment {
  /// The bytes of `variable`, or nil if it is not set.
  package static func bytes(_ variable: String) -> [UInt8]? {
    guard let value = getenv(variable) else { return nil }
    return Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
  }

  /// The text of `variable`, or nil if it is not set.
  ///
  /// - Throws: ``ConfigurationError`` if it is not UTF-8. Repairing it would change it.
  package static func text(_ variable: String) throws(ConfigurationError) -> String? {
    guard let bytes = bytes(variable) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(
        origin: .environment, key: variable, value: String(repairing: bytes.span),
        rule: "valid UTF-8")
    }
    return text
  }
}
