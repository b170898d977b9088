import Glibc
import LotteryCore

/// The values of a program: those of its configuration file, and before them those of the
/// environment.
///
/// Keys are the same in upper and lower case. An empty value counts as none.
package struct Settings {
  private let file: [String: Setting]
  private let environment: (String) throws(ConfigurationError) -> String?
  private var known: Set<String> = []

  /// The values in `file` and in `environment`.
  package init(
    file: [Setting], environment: @escaping (String) throws(ConfigurationError) -> String?
  ) {
    self.file = Dictionary(file.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    self.environment = environment
  }

  /// The value of `key`, or of the environment's `variable`, or nil where neither is set.
  ///
  /// - Parameter acceptsEmpty: whether an empty value counts as one, for the rule to judge.
  /// - Throws: ``ConfigurationError`` where it breaks its rule.
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

  /// Like ``value(_:_:_:)``, for a value that must be there.
  package mutating func required<Value>(
    _ key: String, _ variable: String, _ rule: ValueRule<Value>
  ) throws(ConfigurationError) -> Value {
    guard let value = try value(key, variable, rule) else {
      throw ConfigurationError(missing: key, variable: variable)
    }
    return value
  }

  /// Puts the value of `key`, or of the environment's `variable`, into `target`, which keeps its
  /// own where there is none.
  ///
  /// - Throws: ``ConfigurationError`` where it breaks its rule.
  package mutating func read<Value>(
    _ key: String, _ variable: String, _ rule: ValueRule<Value>, into target: inout Value
  ) throws(ConfigurationError) {
    if let value = try value(key, variable, rule) { target = value }
  }

  /// Like ``read(_:_:_:into:)``, where the variable has the key's name.
  package mutating func read<Value>(
    _ key: String, _ rule: ValueRule<Value>, into target: inout Value
  ) throws(ConfigurationError) {
    try read(key, key, rule, into: &target)
  }

  /// What stands in the file and nobody asked for: misspelt, perhaps.
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
  /// Says which keys of the file mean nothing.
  package func warnOfUnused(_ log: Log) {
    for setting in unused {
      log.warning(
        LogLine(
          "ignore_key", .success, ["key": setting.key, "origin": "\(setting.origin)"]))
    }
  }
}

/// A value as it stands in a configuration file or in the environment.
package struct Setting: Equatable, Sendable {
  /// Where a person finds it.
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

  /// The key, as the file writes it, in lower case.
  package let key: String
  /// The text.
  package let value: String
  /// Where it was found.
  package let origin: Origin

  /// A value that was found.
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
  /// - Throws: ``ConfigurationError`` if it is not UTF-8: repaired, it would be another text.
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
