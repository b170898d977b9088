import ProcessSupport

/// A configuration file in the part of YAML that the agency needs: mappings of names to texts,
/// inside one another by indentation, comments, texts in quotes.
///
/// What this takes, PyYAML takes too, and reads the same texts out of it. It refuses, with file and
/// line: lists, `{}`, anchors, tags, texts over several lines, escapes other than `\"` and `\\`,
/// several documents, tabs, keys that are there twice.
struct YAMLDocument {
  /// The values, in the file's order. The key of one inside others is their keys with points
  /// between them, in lower case.
  private(set) var settings: [Setting] = []

  private struct Level {
    let indent: Int
    let prefix: String
  }

  private let file: String
  private var levels = [Level(indent: 0, prefix: "")]
  /// The key above, where it has no value: lines further in belong to it.
  private var open: Setting?
  private var keys: Set<String> = []
  private var hasBegun = false

  /// The document in `bytes`, that errors call `file`.
  init(_ bytes: [UInt8], file: String) throws(ConfigurationError) {
    self.file = file
    for (number, line) in try ConfigurationLines(bytes, file: file) {
      try read(line, number)
    }
    closeEmptyKey()
  }

  private mutating func read(
    _ line: ConfigurationLines.Text, _ number: Int
  ) throws(ConfigurationError) {
    let text = line.trimmed { $0 == " " }
    guard let first = text.first, first != "#" else { return }
    guard !text.contains("\t") else { throw error(number, "a tab: use spaces") }
    let isFirst = !hasBegun
    hasBegun = true
    if isFirst, String(line).hasPrefix("---"), text.count == 3 { return }
    guard let colon = text.firstIndex(of: ":"), text[..<colon].isName else {
      throw error(number, "\"\(String(text))\": must be a key, a colon and a value")
    }
    let rest = text[colon...].dropFirst()
    guard rest.isEmpty || rest.first == " " else {
      throw error(number, "\"\(String(text))\": a blank must follow the colon")
    }
    try enter(indent: line.distance(from: line.startIndex, to: text.startIndex), number)
    let key = levels[levels.count - 1].prefix + String(text[..<colon]).lowercased()
    guard keys.insert(key).inserted else { throw error(number, "\(key) is there twice") }
    try add(key, YAMLScalar(rest), number)
  }

  private mutating func add(
    _ key: String, _ scalar: YAMLScalar, _ number: Int
  ) throws(ConfigurationError) {
    let origin = Setting.Origin.file(file, line: number)
    switch scalar {
    case .none: open = Setting(key: key, value: "", origin: origin)
    case .text(let value): settings.append(Setting(key: key, value: value, origin: origin))
    case .refused(let reason): throw error(number, "\(key): \(reason)")
    }
  }

  /// Finds out which mapping a line belongs to.
  private mutating func enter(indent: Int, _ number: Int) throws(ConfigurationError) {
    if indent > levels[levels.count - 1].indent {
      guard let parent = open else { throw error(number, "indented more than the line above") }
      levels.append(Level(indent: indent, prefix: parent.key + "."))
      open = nil
      return
    }
    closeEmptyKey()
    while indent < levels[levels.count - 1].indent { levels.removeLast() }
    guard indent == levels[levels.count - 1].indent else {
      throw error(number, "indented like no line above")
    }
  }

  private mutating func closeEmptyKey() {
    if let open { settings.append(open) }
    open = nil
  }

  private func error(_ line: Int, _ problem: String) -> ConfigurationError {
    ConfigurationError(file: file, line: line, problem)
  }
}
