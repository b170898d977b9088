import LotteryProtocol

/// The lines of a configuration file, numbered from 1, without their line ends.
///
/// A line is a sequence of Unicode scalars, not of characters, because the rules of the dialects
/// are about scalars: a `#` with an accent is a `#`. INI and YAML treat control characters and the
/// like differently. No configuration needs them, so they are errors in both.
package struct ConfigurationLines: Sequence, Sendable {
  /// A line, or part of one.
  package typealias Text = Substring.UnicodeScalarView

  private let lines: [Text]

  /// Splits `bytes` into lines. Errors name the file as `name`.
  ///
  /// - Throws: ``ConfigurationError`` if `bytes` are not UTF-8 or contain control characters other
  ///   than tabs and line ends.
  package init(_ bytes: [UInt8], file name: String) throws(ConfigurationError) {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ConfigurationError(file: name, line: 1, "the file is not UTF-8")
    }
    lines = Substring(text).unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
      .map { $0.last == "\r" ? $0.dropLast() : $0 }
    for (index, line) in lines.enumerated() {
      if let odd = line.first(where: { Self.isOdd($0) }) {
        throw ConfigurationError(
          file: name, line: index + 1, "character \(odd.debugDescription) is not allowed here")
      }
    }
  }

  /// Returns each line with its number.
  package func makeIterator() -> AnyIterator<(Int, Text)> {
    var rest = lines.enumerated().makeIterator()
    return AnyIterator { rest.next().map { ($0 + 1, $1) } }
  }

  private static func isOdd(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control: scalar != "\t"
    case .lineSeparator, .paragraphSeparator: true
    default: scalar == "\u{FEFF}" || scalar == "\u{FFFE}" || scalar == "\u{FFFF}"
    }
  }
}

extension ConfigurationLines.Text {
  /// Removes the scalars for which `isBlank` is true from both ends.
  package func trimmed(_ isBlank: (Unicode.Scalar) -> Bool) -> Self {
    var rest = drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  /// Whether it is a name: ASCII letters, digits, `_`, and after the first also `-` and `.`.
  package var isName: Bool {
    func isWord(_ scalar: Unicode.Scalar) -> Bool {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9", "_": true
      default: false
      }
    }
    guard let first, isWord(first) else { return false }
    return allSatisfy { isWord($0) || $0 == "-" || $0 == "." }
  }
}

extension ConfigurationLines.Text {
  /// The text as an agency's key, without the blanks around it. Nil unless it has 1 to 255 bytes.
  ///
  /// Server and agency both read their key files with it, so that the same text is the same key.
  package var agencyKey: String? {
    let key = String(trimmed { $0 == " " || $0 == "\t" })
    return (1...ProtocolLimits.textSize).contains(key.utf8.count) ? key : nil
  }
}
