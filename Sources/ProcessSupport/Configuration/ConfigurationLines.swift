import LotteryCore

/// The lines of a configuration file, numbered from 1, line ends removed.
///
/// They come as scalars and not as characters, because the dialects' rules are about scalars: a `#`
/// with an accent on it is a `#`. Both dialects, INI and YAML, differ on what odd scalars mean;
/// there is no need for any, so they are refused before either is read.
package struct ConfigurationLines: Sequence, Sendable {
  /// A line, or part of one.
  package typealias Text = Substring.UnicodeScalarView

  private let lines: [Text]

  /// Lines of the file called `name`.
  ///
  /// - Throws: ``ConfigurationError`` where `bytes` are not UTF-8 or hold control characters other
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

  /// Each line with its number.
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
  /// Without the scalars at both ends that `isBlank` is true of.
  package func trimmed(_ isBlank: (Unicode.Scalar) -> Bool) -> Self {
    var rest = drop(while: isBlank)
    while let last = rest.last, isBlank(last) { rest.removeLast() }
    return rest
  }

  /// Whether it is a name: a letter, a digit or `_`, and then `-` and `.` too.
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
  /// The agency's key that this text writes, or nil if it writes none: 1 to 255 bytes between
  /// blanks.
  ///
  /// Server and agency read their key files with this, so that the same text is the same key.
  package var agencyKey: String? {
    let key = String(trimmed { $0 == " " || $0 == "\t" })
    return (1...ProtocolLimits.textSize).contains(key.utf8.count) ? key : nil
  }
}
