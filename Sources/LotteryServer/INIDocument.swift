import ProcessSupport

/// A configuration file in the dialect of Python's `configparser`, as far as the server needs it.
///
/// Sections in brackets, `key = value` or `key: value`, comments on lines of their own after `#` or
/// `;`. Whatever this accepts, `configparser` accepts too and reads the same. It refuses, with file
/// and line: values over several lines, interpolation (`%`), keys without a value, duplicate keys
/// and duplicate sections.
struct INIDocument: ConfigurationDialect {
  /// The values of each section. Keys are in lower case.
  private(set) var sections: [String: [Setting]] = [:]

  /// The values of the default section under their keys, and those of other sections under names
  /// such as `[section] key`, which nothing reads: they are reported as ignored.
  var settings: [Setting] {
    sections.flatMap { section, settings in
      settings.map { setting in
        let key = section == "DEFAULT" ? setting.key : "[\(section)] \(setting.key)"
        return Setting(key: key, value: setting.value, origin: setting.origin)
      }
    }
  }

  private let file: String
  private var section: String?

  /// Reads the document in `bytes`, which errors call `file`.
  init(_ bytes: [UInt8], file: String) throws(ConfigurationError) {
    self.file = file
    for (number, line) in try ConfigurationLines(bytes, file: file) {
      try read(line, number)
    }
  }

  private mutating func read(
    _ line: ConfigurationLines.Text, _ number: Int
  ) throws(ConfigurationError) {
    let text = line.trimmed(\.properties.isWhitespace)
    guard let first = text.first, first != "#", first != ";" else { return }
    // configparser reads an indented line as part of the value above it.
    guard text.startIndex == line.startIndex else {
      throw error(number, "an indented line: values over several lines are not supported")
    }
    if first == "[" {
      try readHeader(text, number)
    } else {
      try readValue(text, number)
    }
  }

  private mutating func readHeader(
    _ text: ConfigurationLines.Text, _ number: Int
  ) throws(ConfigurationError) {
    let name = text.dropFirst().dropLast()
    guard text.last == "]", name.isName else {
      throw error(
        number, "\"\(String(text))\": a section must be a name in brackets, such as [DEFAULT]")
    }
    let section = String(name)
    // Only the default section may be opened again.
    guard section == "DEFAULT" || sections[section] == nil else {
      throw error(number, "[\(section)]: duplicate section")
    }
    sections[section, default: []] += []
    self.section = section
  }

  private mutating func readValue(
    _ text: ConfigurationLines.Text, _ number: Int
  ) throws(ConfigurationError) {
    guard let delimiter = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
      throw error(number, "\"\(String(text))\": must be a key, = and a value")
    }
    let name = text[..<delimiter].trimmed(\.properties.isWhitespace)
    let value = text[delimiter...].dropFirst().trimmed(\.properties.isWhitespace)
    let key = String(name).lowercased()
    guard name.isName else {
      throw error(number, "\"\(key)\": a key must be letters, digits, '_', '-' and '.'")
    }
    guard !value.contains("%") else {
      throw error(number, "\(key): '%' is not allowed: interpolation is not supported")
    }
    guard let section else {
      throw error(number, "\(key): no section, such as [DEFAULT], above it")
    }
    guard sections[section, default: []].allSatisfy({ $0.key != key }) else {
      throw error(number, "\(key): duplicate key")
    }
    sections[section, default: []].append(
      Setting(key: key, value: String(value), origin: .file(file, line: number)))
  }

  private func error(_ line: Int, _ problem: String) -> ConfigurationError {
    ConfigurationError(file: file, line: line, problem)
  }
}
