/// Bytes from outside, made fit for one field of a log line.
package enum PrintableText {
  /// `bytes` as text without line breaks, control characters or `|`, which separates the fields
  /// of a log line: those are escaped as in a Swift literal, and a backslash is doubled, so that
  /// the text can be read back. What is not UTF-8 becomes U+FFFD.
  ///
  /// - Parameter limit: characters kept; what is cut off is replaced by `…`.
  package static func escaped(_ bytes: Span<UInt8>, limit: Int = .max) -> String {
    if bytes.count <= limit, isPlain(bytes) { return String(repairing: bytes) }
    var result = ""
    var kept = 0
    for character in String(repairing: bytes).unicodeScalars {
      guard kept < limit else { return result + "…" }
      result += escaped(character)
      kept += 1
    }
    return result
  }

  /// `text`, escaped likewise.
  package static func escaped(_ text: String, limit: Int = .max) -> String {
    escaped(text.utf8.span, limit: limit)
  }

  /// Appends `text`, escaped likewise.
  ///
  /// - Parameter limit: bytes appended before the text is cut. Whatever a peer sends, it costs no
  ///   more than that.
  package static func append(escaped text: String, limit: Int, to bytes: inout [UInt8]) {
    let plain = text.utf8.span
    if plain.count <= limit, isPlain(plain) { return bytes.append(copying: plain) }
    let end = bytes.count + limit
    for character in text.unicodeScalars {
      let piece = escaped(character).utf8
      guard bytes.count + piece.count <= end else {
        return bytes.append(contentsOf: "…".utf8)
      }
      bytes.append(contentsOf: piece)
    }
  }

  /// Whether there is nothing to escape, as in most texts by far.
  private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
    for index in bytes.indices {
      switch bytes[index] {
      case UInt8(ascii: "|"), UInt8(ascii: "\\"): return false
      case 0x20..<0x7F: continue
      default: return false
      }
    }
    return true
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "\n": "\\n"
    case "\r": "\\r"
    case "\t": "\\t"
    case "\\": "\\\\"
    case "|": "\\u{7C}"
    default:
      breaksLine(scalar)
        ? "\\u{\(String(scalar.value, radix: 16, uppercase: true))}" : String(scalar)
    }
  }

  private static func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator: true
    default: false
    }
  }
}
