import ProcessSupport

/// A configuration file in the subset of YAML that the agency needs: nested mappings of names to
/// texts, comments, quoted texts.
///
/// PyYAML accepts whatever this accepts, and reads the same texts. Errors, with file and line, are:
/// lists, `{}`, anchors, tags, texts of several lines, escapes other than `\"` and `\\`, several
/// documents, tabs, duplicate keys.
struct YAMLDocument: ConfigurationDialect {
  /// The values, in the order of the file. A nested key is the path to it, with points in between,
  /// in lower case.
  private(set) var settings: [Setting] = []

  private struct Level {
    let indent: Int
    let prefix: String
  }

  private let file: String
  /// The mappings that are open, outermost first. Indents strictly grow. Never empty.
  private var levels = [Level(indent: 0, prefix: "")]
  /// The last key if it had no value: lines that are indented more belong to it.
  private var open: Setting?
  private var keys: Set<String> = []
  private var hasBegun = false

  /// Parses `bytes`. Errors name the file as `file`.
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
    guard keys.insert(key).inserted else { throw error(number, "\(key): duplicate key") }
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

  /// Finds the mapping that a line belongs to.
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
      throw error(number, "the indentation matches no line above")
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

/// The value after a key's colon.
enum YAMLScalar: Equatable {
  /// Nothing, or a comment.
  case none
  /// A text.
  case text(String)
  /// Something that is not supported, and why.
  case refused(String)

  /// Parses the rest of a line, which begins with a blank or is empty.
  init(_ rest: ConfigurationLines.Text) {
    let text = rest.trimmed { $0 == " " }
    switch text.first {
    case nil, "#": self = .none
    case "\"": self.init(quoted: text.dropFirst(), by: "\"")
    case "'": self.init(quoted: text.dropFirst(), by: "'")
    default: self.init(plain: text)
    }
  }

  /// Characters that a plain text cannot begin with (YAML 1.1, 5.3).
  private static let indicators = Set<Unicode.Scalar>(",[]{}#&*!|>'\"%@`".unicodeScalars)

  private init(plain text: ConfigurationLines.Text) {
    let second = text.dropFirst().first
    let isIndicator = text.first.map { first in
      Self.indicators.contains(first)
        || ["-", "?", ":"].contains(first) && (second == nil || second == " ")
    }
    guard isIndicator == false else {
      self = .refused("\"\(String(text))\": only plain and quoted texts are supported")
      return
    }
    var value = Substring.UnicodeScalarView()
    var previous: Unicode.Scalar?
    for scalar in text {
      if scalar == "#", previous == " " { break }
      if scalar == " ", previous == ":" {
        self = .refused("\"\(String(text))\": a colon and a blank inside a text need quotes")
        return
      }
      value.append(scalar)
      previous = scalar
    }
    value = value.trimmed { $0 == " " }
    if value.last == ":" {
      self = .refused("\"\(String(value))\": a colon at the end of a text needs quotes")
    } else {
      self = .text(String(value))
    }
  }

  /// A text after its first quote.
  private init(quoted text: ConfigurationLines.Text, by quote: Unicode.Scalar) {
    var value = String.UnicodeScalarView()
    var rest = text
    while let scalar = rest.popFirst() {
      if scalar == quote {
        // Between single quotes, two single quotes stand for one.
        guard quote == "'", rest.first == "'" else {
          self = Self.isEnd(rest) ? .text(String(value)) : .refused("text after the closing quote")
          return
        }
        rest.removeFirst()
      } else if scalar == "\\", quote == "\"" {
        guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
          self = .refused("an escape other than \\\" and \\\\")
          return
        }
        value.append(escaped)
        continue
      }
      value.append(scalar)
    }
    self = .refused("no closing quote on this line")
  }

  private static func isEnd(_ rest: ConfigurationLines.Text) -> Bool {
    let text = rest.drop { $0 == " " }
    return text.isEmpty || text.first == "#" && rest.first == " "
  }
}
