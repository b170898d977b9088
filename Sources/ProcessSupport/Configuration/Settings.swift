/// The values of a program: those of its configuration file, and before them those of the
/// environment.
///
/// Keys are the same in upper and lower case. An empty value counts as none.
public struct Settings {
  private let file: [String: Setting]
  private let environment: (String) throws(ConfigurationError) -> String?
  private var known: Set<String> = []

  /// The values in `file` and in `environment`.
  public init(
    file: [Setting], environment: @escaping (String) throws(ConfigurationError) -> String?
  ) {
    self.file = Dictionary(file.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    self.environment = environment
  }

  /// The value of `key`, or of the environment's `variable`, or nil where neither is set.
  ///
  /// - Parameter acceptsEmpty: whether an empty value counts as one, for the rule to judge.
  /// - Throws: ``ConfigurationError`` where it breaks its rule.
  public mutating func value<Value>(
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
  public mutating func required<Value>(
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
  public mutating func read<Value>(
    _ key: String, _ variable: String, _ rule: ValueRule<Value>, into target: inout Value
  ) throws(ConfigurationError) {
    if let value = try value(key, variable, rule) { target = value }
  }

  /// Like ``read(_:_:_:into:)``, where the variable has the key's name.
  public mutating func read<Value>(
    _ key: String, _ rule: ValueRule<Value>, into target: inout Value
  ) throws(ConfigurationError) {
    try read(key, key, rule, into: &target)
  }

  /// What stands in the file and nobody asked for: misspelt, perhaps.
  public var unused: [Setting] {
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
  public func warnOfUnused(_ log: Log) {
    for setting in unused {
      log.warning(
        LogLine(
          "ignore_key", .success, ["key": setting.key, "origin": "\(setting.origin)"]))
    }
  }
}
