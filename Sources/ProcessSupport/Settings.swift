// What a program can be told: one table of settings a program. Its configuration file, its
// environment, `--help` and the errors go by it, and tests compare the files in `config` with it.

import Glibc
package import LotteryProtocol

/// A program's configuration. A new one has the defaults.
package protocol ProgramConfiguration: Sendable {
  init()

  /// The file that is read, if it exists, unless `--config` names another.
  static var defaultFile: String { get }
  static var dialect: ConfigFile.Dialect { get }
  /// All settings, in the order of `--help`.
  static var settings: [Setting<Self>] { get }
  /// The variable of the environment that overrides `key`.
  static func variable(of key: String) -> String
}

package struct Setting<Configuration: ProgramConfiguration>: Sendable {
  /// Whether it must be set. An empty value counts as not set, or is refused.
  package enum Need: Sendable { case optional, required, notEmpty }

  /// The key in the file. Upper and lower case are the same.
  package let key: String
  package let help: String
  /// The default, as it would stand in the file. Empty if there is none.
  package let initial: String
  fileprivate let need: Need
  /// The words after "must be" in the error message.
  fileprivate let rule: String
  /// Parses a value and stores it. False if it breaks the rule.
  fileprivate let store: @Sendable ([UInt8], inout Configuration) -> Bool

  package init<Value>(
    _ key: String, _ path: any WritableKeyPath<Configuration, Value> & Sendable,
    _ rule: ValueRule<Value>, _ help: String, _ need: Need = .optional
  ) {
    self.key = key
    self.help = help
    self.need = need
    self.rule = rule.text
    initial = need == .required ? "" : rule.format(Configuration()[keyPath: path])
    store = { bytes, configuration in
      guard let value = rule.parse(bytes) else { return false }
      configuration[keyPath: path] = value
      return true
    }
  }
}

extension ProgramConfiguration {
  /// A line for each setting: its key, its variable if that has another name, what it is for, and
  /// its default.
  package static var help: String {
    let rows = settings.map { [$0.key, variable(of: $0.key)] }.map { $0[0] == $0[1] ? [$0[0]] : $0 }
    let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    return zip(rows, settings).map { names, setting in
      let note = setting.need == .required ? "required" : setting.initial
      return zip(names, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
        .reduce("") { "\($0)  \($1)" } + "  \(setting.help)" + (note.isEmpty ? "" : " (\(note))")
    }.joined(separator: "\n")
  }
}

package struct Settings<Configuration: ProgramConfiguration> {
  package private(set) var configuration = Configuration()

  /// Values of the file that the environment overrides.
  private var overridden: [(entry: ConfigFile.Entry, variable: String)] = []
  /// Values of the file that mean nothing.
  private var unknown: [ConfigFile.Entry]

  /// Reads the file that `--config` named, which must exist, or else the default one, if it
  /// exists.
  package init(
    fileNamed name: Path?, orDefault path: Path = Path(Configuration.defaultFile)
  ) throws {
    let path = name ?? path
    let bytes = try ConfigFile.bytes(of: path)
    guard bytes != nil || name == nil else {
      throw ConfigurationError("\(path): no such file", exitStatus: .noInput)
    }
    let file = try ConfigFile(bytes ?? [], file: path.description, dialect: Configuration.dialect)
    try self.init(file, environment: Environment.bytes)
  }

  /// Reads the values of `file` and of `environment`.
  /// - Throws: ``ConfigurationError`` if a value breaks its rule, or a required one is not set.
  package init(
    _ file: ConfigFile, environment: (String) -> [UInt8]?
  ) throws(ConfigurationError) {
    unknown = file.entries
    for setting in Configuration.settings {
      let variable = Configuration.variable(of: setting.key)
      func isSet(_ value: [UInt8]) -> Bool { !value.isEmpty || setting.need == .notEmpty }
      let index = unknown.firstIndex { $0.key == setting.key.lowercased() }
      let entry = index.map { unknown.remove(at: $0) }.flatMap {
        isSet(Array($0.value.utf8)) ? $0 : nil
      }
      if let value = environment(variable), isSet(value) {
        try store(value, setting, as: "environment: \(variable)")
        if let entry { overridden.append((entry, variable)) }
      } else if let entry {
        try store(Array(entry.value.utf8), setting, as: "\(entry.origin): \(setting.key)")
      } else if setting.need == .required {
        throw ConfigurationError("\(setting.key): must be set, in the file or as \(variable)")
      }
    }
  }

  private mutating func store(
    _ value: [UInt8], _ setting: Setting<Configuration>, as place: String
  ) throws(ConfigurationError) {
    guard !setting.store(value, &configuration) else { return }
    // Only rules for texts refuse what is not UTF-8.
    let rule = String(validating: value, as: UTF8.self) == nil ? "valid UTF-8" : setting.rule
    throw ConfigurationError("\(place) = \"\(String(repairing: value.span))\": must be \(rule)")
  }

  /// Logs which keys of the file do not count: those that the environment overrides, and those that
  /// mean nothing, which may be misspelt. No values, which may be secret.
  package func report(to log: Log) {
    for (entry, variable) in overridden {
      log.info(
        LogLine(
          "override_key", .success,
          ["key": entry.key, "origin": entry.origin, "variable": variable]))
    }
    for entry in unknown {
      log.warning(LogLine("ignore_key", .success, ["key": entry.key, "origin": entry.origin]))
    }
  }
}

package enum Environment {
  package static func bytes(_ variable: String) -> [UInt8]? {
    guard let value = getenv(variable) else { return nil }
    return Array(UnsafeRawBufferPointer(start: value, count: strlen(value)))
  }
}

package struct ValueRule<Value>: Sendable {
  /// The words after "must be" in the error message.
  let text: String
  /// The text of a value, which is parsed as that value.
  let format: @Sendable (Value) -> String
  /// Parses a value. Nil if it breaks the rule. Only a path need not be UTF-8.
  let parse: @Sendable ([UInt8]) -> Value?
}

extension ValueRule {
  package init(
    _ text: String, format: @escaping @Sendable (Value) -> String = { "\($0)" },
    parse: @escaping @Sendable (String) -> Value?
  ) {
    self.init(text: text, format: format) { bytes in
      String(validating: bytes, as: UTF8.self).flatMap(parse)
    }
  }
}

extension ValueRule where Value == String {
  package static var text: Self { Self("a text") { $0 } }
}

extension ValueRule where Value == Path {
  package static var path: ValueRule<Path> {
    Self(text: "a path", format: \.description) { Path(bytes: $0) }
  }
}

extension ValueRule where Value == Path? {
  /// A file, or none if it is not set.
  package static func file(_ text: String) -> ValueRule<Path?> {
    Self(text: text, format: { $0?.description ?? "" }) { bytes in
      bytes.isEmpty ? .none : .some(Path(bytes: bytes))
    }
  }
}

extension ValueRule where Value: FixedWidthInteger & Sendable {
  package static func wholeNumber(_ range: ClosedRange<Value>) -> Self {
    Self("a whole number from \(range.lowerBound) to \(range.upperBound)") { text in
      UInt64(decimal: text.utf8.span).flatMap(Value.init(exactly:)).flatMap {
        range.contains($0) ? $0 : nil
      }
    }
  }
}

extension ValueRule where Value == Duration {
  package static func duration(_ range: ClosedRange<Duration>) -> Self {
    let limits = "from \(range.lowerBound.goText) to \(range.upperBound.goText)"
    return Self("a duration \(limits), like 5s, 250ms or 1m30s", format: \.goText) { text in
      Duration(goText: text).flatMap { range.contains($0) ? $0 : nil }
    }
  }
}

extension ValueRule where Value == LogLevel {
  package static var logLevel: Self {
    Self("one of DEBUG, INFO, WARNING, ERROR, CRITICAL", format: \.name) { LogLevel(name: $0) }
  }
}

extension ValueRule where Value: RawRepresentable<String> & CaseIterable & SendableMetatype {
  package static var word: Self {
    let words = Value.allCases.map(\.rawValue)
    return Self("one of " + words.joined(separator: ", "), format: \.rawValue) {
      Value(rawValue: $0.lowercased())
    }
  }
}
