// Configuration files, in one of two dialects.
//
// INI, as Python's `configparser` reads it: sections in brackets, `key = value` or `key: value`,
// comments on lines of their own after `#` or `;`.
//
// YAML: nested mappings of names to texts, comments, quoted texts.
//
// Whatever is accepted here, `configparser` or PyYAML accepts too and reads the same. All else is
// an error with file and line. INI: values over several lines, interpolation (`%`), keys without a
// value, duplicate sections. YAML: lists, `{}`, anchors, tags, texts of several lines, escapes
// other than `\"` and `\\`, several documents, tabs. Both: duplicate keys, control characters.
//
// A line is a sequence of Unicode scalars, not of characters, because the rules are about scalars:
// a `#` with an accent is a `#`.

import Glibc
package import LotteryProtocol

package struct ConfigFile {
  package enum Dialect: Sendable { case ini, yaml }

  package struct Entry: Equatable, Sendable {
    /// The key in lower case. YAML: the path to it, with points in between. INI: preceded by the
    /// section, as in `[name] key`, unless that is `[DEFAULT]`.
    package let key: String
    package let value: String
    package let origin: String
  }

  package private(set) var entries: [Entry] = []

  private let file: String
  private var line = 1
  private var keys: Set<String> = []

  package init(_ bytes: [UInt8], file: String, dialect: Dialect) throws(ConfigurationError) {
    self.file = file
    var ini = INI()
    var yaml = YAML()
    for (number, line) in try Self.lines(bytes, file: file) {
      self.line = number
      do throws(Problem) {
        switch dialect {
        case .ini: try ini.read(line, into: &self)
        case .yaml: try yaml.read(line, into: &self)
        }
      } catch {
        throw ConfigurationError(file: file, line: number, error.text)
      }
    }
  }

  fileprivate mutating func add(_ key: String, _ value: String) throws(Problem) {
    guard keys.insert(key).inserted else { throw Problem("\(key): duplicate key") }
    entries.append(Entry(key: key, value: value, origin: "\(file):\(line)"))
  }

  /// Takes back the last key: it has keys of its own instead of a value.
  fileprivate mutating func takeParent() -> String { entries.removeLast().key }
}

extension ConfigFile {
  package typealias Text = Substring.UnicodeScalarView

  /// Splits `bytes` into lines without their ends, numbered from 1. Errors name the file as `file`.
  ///
  /// INI and YAML treat control characters and the like differently. No configuration needs them.
  /// - Throws: ``ConfigurationError`` if `bytes` are not UTF-8 or contain control characters other
  ///   than tabs and line ends.
  package static func lines(
    _ bytes: [UInt8], file: String
  ) throws(ConfigurationError) -> [(number: Int, text: Text)] {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(file: file, line: 1, "the file is not UTF-8")
    }
    let lines = Substring(text).unicodeScalars
      .split(separator: "\n", omittingEmptySubsequences: false).enumerated()
      .map { (number: $0 + 1, text: $1.last == "\r" ? $1.dropLast() : $1) }
    for (number, line) in lines {
      if let odd = line.first(where: isOdd) {
        throw ConfigurationError(
          file: file, line: number, "character \(odd.debugDescription) is not allowed here")
      }
    }
    return lines
  }

  private static func isOdd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: scalar != "\t"
    case .lineSeparator, .paragraphSeparator: true
    default: scalar == "\u{FEFF}" || scalar == "\u{FFFE}" || scalar == "\u{FFFF}"
    }
  }
}

/// Reading.
extension ConfigFile {
  /// The largest file by default, in bytes: far more than a person writes by hand.
  package static let sizeLimit = 64 * 1024

  /// Reads the file at `path` into memory: a configuration, or keys.
  /// - Parameter sizeLimit: the largest size that is accepted, in bytes.
  /// - Returns: nil if it does not exist.
  /// - Throws: ``ConfigurationError`` if it cannot be read or is too large; `CancellationError` if
  ///   the task is cancelled while the file, a pipe, is silent.
  static func bytes(of path: Path, sizeLimit: Int = sizeLimit) throws -> [UInt8]? {
    do {
      // A pipe may be silent, and the read must end when the program does. A named pipe without a
      // writer is an empty file (fifo(7)).
      let file = try File(reading: path)
      defer { file.close() }
      return try readAll(file.descriptor, sizeLimit)
    } catch let error as SystemError {
      if error.code == ENOENT { return nil }
      throw ConfigurationError("\(path): \(error.problem(reading: path))")
    }
  }

  /// Reads a file that must exist likewise.
  package static func read(_ path: Path, sizeLimit: Int = sizeLimit) throws -> [UInt8] {
    guard let bytes = try bytes(of: path, sizeLimit: sizeLimit) else {
      throw ConfigurationError("\(path): no such file")
    }
    return bytes
  }

  private static func readAll(_ file: Int32, _ sizeLimit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 64 * 1024)
    while bytes.count <= sizeLimit {
      let count = try SystemError.checkUnlessItBlocks("read") {
        Glibc.read(file, &piece, piece.count)
      }
      if let count {
        if count == 0 { return bytes }
        bytes += piece[..<count]
      } else {
        try Task.checkCancellation()
        var input = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        poll(&input, 1, 100)
      }
    }
    throw SystemError("read", code: EFBIG)
  }
}

/// An error in a program's configuration: one line with the place, the value and the rule.
package struct ConfigurationError: ProgramError, Equatable {
  package let description: String
  /// 66 if the file that `--config` named does not exist, 78 otherwise.
  package let exitStatus: ExitStatus

  init(_ description: String, exitStatus: ExitStatus = .badConfiguration) {
    self.description = description
    self.exitStatus = exitStatus
  }

  package init(file: String, line: Int, _ problem: String) {
    self.init("\(file):\(line): \(problem)")
  }
}

private struct Problem: Error {
  let text: String
  init(_ text: String) { self.text = text }
}

private struct INI {
  private var section: String?
  private var sections: Set<String> = []

  mutating func read(_ line: ConfigFile.Text, into file: inout ConfigFile) throws(Problem) {
    let text = line.trimmed(\.properties.isWhitespace)
    guard let first = text.first, first != "#", first != ";" else { return }
    // configparser reads an indented line as part of the value above it.
    guard text.startIndex == line.startIndex else {
      throw Problem("an indented line: values over several lines are not supported")
    }
    if first == "[" { return try open(text) }
    guard let delimiter = text.firstIndex(where: { $0 == "=" || $0 == ":" }) else {
      throw Problem("\"\(String(text))\": must be a key, = and a value")
    }
    let name = text[..<delimiter].trimmed(\.properties.isWhitespace)
    let value = text[delimiter...].dropFirst().trimmed(\.properties.isWhitespace)
    let key = String(name).lowercased()
    guard name.isName else {
      throw Problem("\"\(key)\": a key must be letters, digits, '_', '-' and '.'")
    }
    guard !value.contains("%") else {
      throw Problem("\(key): '%' is not allowed: interpolation is not supported")
    }
    guard let section else { throw Problem("\(key): no section, such as [DEFAULT], above it") }
    try file.add(section == "DEFAULT" ? key : "[\(section)] \(key)", String(value))
  }

  private mutating func open(_ header: ConfigFile.Text) throws(Problem) {
    let name = header.dropFirst().dropLast()
    guard header.last == "]", name.isName else {
      throw Problem(
        "\"\(String(header))\": a section must be a name in brackets, such as [DEFAULT]")
    }
    let section = String(name)
    // Only the default section may be opened again.
    guard sections.insert(section).inserted || section == "DEFAULT" else {
      throw Problem("[\(section)]: duplicate section")
    }
    self.section = section
  }
}

private struct YAML {
  /// The mappings that are open, outermost first. Indents strictly grow. Never empty.
  private var levels = [(indent: 0, prefix: "")]
  /// Whether the last key had no value: lines that are indented more belong to it.
  private var isOpen = false
  private var hasBegun = false

  mutating func read(_ line: ConfigFile.Text, into file: inout ConfigFile) throws(Problem) {
    let text = line.trimmed { $0 == " " }
    guard let first = text.first, first != "#" else { return }
    guard !text.contains("\t") else { throw Problem("a tab: use spaces") }
    let indent = line.distance(from: line.startIndex, to: text.startIndex)
    defer { hasBegun = true }
    if !hasBegun, indent == 0, text.elementsEqual("---".unicodeScalars) { return }
    guard let colon = text.firstIndex(of: ":"), text[..<colon].isName else {
      throw Problem("\"\(String(text))\": must be a key, a colon and a value")
    }
    let rest = text[colon...].dropFirst()
    guard rest.isEmpty || rest.first == " " else {
      throw Problem("\"\(String(text))\": a blank must follow the colon")
    }
    try enter(indent, &file)
    let key = levels[levels.count - 1].prefix + String(text[..<colon]).lowercased()
    let value: String?
    do throws(Problem) {
      value = try Self.value(rest.trimmed { $0 == " " })
    } catch {
      throw Problem("\(key): \(error.text)")
    }
    isOpen = value == nil
    try file.add(key, value ?? "")
  }

  /// Finds the mapping that a line belongs to.
  private mutating func enter(_ indent: Int, _ file: inout ConfigFile) throws(Problem) {
    if indent > levels[levels.count - 1].indent {
      guard isOpen else { throw Problem("indented more than the line above") }
      levels.append((indent, file.takeParent() + "."))
    }
    while indent < levels[levels.count - 1].indent { levels.removeLast() }
    guard indent == levels[levels.count - 1].indent else {
      throw Problem("the indentation matches no line above")
    }
  }

  /// Parses what follows a key's colon. Nil if it is nothing, or a comment.
  private static func value(_ text: ConfigFile.Text) throws(Problem) -> String? {
    switch text.first {
    case nil, "#": nil
    case "\"", "'": try quoted(text)
    default: try plain(text)
    }
  }

  /// Characters that a plain text cannot begin with (YAML 1.1, 5.3).
  private static let indicators = Set<Unicode.Scalar>(",[]{}#&*!|>'\"%@`".unicodeScalars)

  private static func plain(_ text: ConfigFile.Text) throws(Problem) -> String {
    let quoted = "\"\(String(text))\""
    let isAlone = text.count == 1 || text.dropFirst().first == " "
    guard let first = text.first, !indicators.contains(first),
      !(isAlone && ["-", "?", ":"].contains(first))
    else { throw Problem("\(quoted): only plain and quoted texts are supported") }
    var value = ConfigFile.Text()
    for scalar in text {
      if scalar == "#", value.last == " " { break }
      guard scalar != " " || value.last != ":" else {
        throw Problem("\(quoted): a colon and a blank inside a text need quotes")
      }
      value.append(scalar)
    }
    let whole = String(value.trimmed { $0 == " " })
    guard !whole.hasSuffix(":") else {
      throw Problem("\"\(whole)\": a colon at the end of a text needs quotes")
    }
    return whole
  }

  private static func quoted(_ text: ConfigFile.Text) throws(Problem) -> String {
    var value = String.UnicodeScalarView()
    var rest = text
    let quote = rest.removeFirst()
    while let scalar = rest.popFirst() {
      switch scalar {
      case "'" where quote == "'" && rest.first == "'":
        // Between single quotes, two single quotes stand for one.
        value.append(rest.removeFirst())
      case quote:
        let end = rest.drop { $0 == " " }
        guard end.isEmpty || end.first == "#" && rest.first == " " else {
          throw Problem("text after the closing quote")
        }
        return String(value)
      case "\\" where quote == "\"":
        guard let escaped = rest.popFirst(), escaped == "\"" || escaped == "\\" else {
          throw Problem("an escape other than \\\" and \\\\")
        }
        value.append(escaped)
      default: value.append(scalar)
      }
    }
    throw Problem("no closing quote on this line")
  }
}

extension ConfigFile.Text {
  /// Removes the scalars for which `isBlank` is true from both ends.
  package func trimmed(_ isBlank: (Unicode.Scalar) -> Bool) -> Self {
    var rest = drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  /// Whether it is a name: ASCII letters, digits, `_`, and after the first also `-` and `.`.
  fileprivate var isName: Bool {
    let isInside = allSatisfy { scalar in
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_", "-", ".": true
      default: false
      }
    }
    return isInside && !isEmpty && first != "-" && first != "."
  }

  /// The text as an agency's key, without the blanks around it. Nil unless it has 1 to 255 bytes.
  ///
  /// Server and agency both read their key files with it, so that the same text is the same key.
  package var agencyKey: String? {
    let key = String(trimmed { $0 == " " || $0 == "\t" })
    return (1...ProtocolLimits.textSize).contains(key.utf8.count) ? key : nil
  }
}
