import ProcessSupport

/// What stands after a key's colon.
enum YAMLScalar: Equatable {
  /// Nothing, or a comment.
  case none
  /// A text.
  case text(String)
  /// Something else, and what.
  case refused(String)

  /// Reads the rest of a line, which begins with a blank or is empty.
  init(_ rest: ConfigurationLines.Text) {
    let text = rest.trimmed { $0 == " " }
    switch text.first {
    case nil, "#": self = .none
    case "\"": self.init(quoted: text.dropFirst(), by: "\"")
    case "'": self.init(quoted: text.dropFirst(), by: "'")
    default: self.init(plain: text)
    }
  }

  /// Characters that begin something other than a text (YAML 1.1, 5.3).
  private static let indicators = Set<Unicode.Scalar>(",[]{}#&*!|>'\"%@`".unicodeScalars)

  private init(plain text: ConfigurationLines.Text) {
    let second = text.dropFirst().first
    let isIndicator = text.first.map { first in
      Self.indicators.contains(first)
        || ["-", "?", ":"].contains(first) && (second == nil || second == " ")
    }
    guard isIndicator == false else {
      self = .refused("\"\(String(text))\": only plain texts and texts in quotes are read")
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
        // In single quotes, two of them write one.
        guard quote == "'", rest.first == "'" else {
          self = Self.isEnd(rest) ? .text(String(value)) : .refused("more behind the quotes")
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
    self = .refused("a quote is not closed on its line")
  }

  private static func isEnd(_ rest: ConfigurationLines.Text) -> Bool {
    let text = rest.drop { $0 == " " }
    return text.isEmpty || text.first == "#" && rest.first == " "
  }
}
