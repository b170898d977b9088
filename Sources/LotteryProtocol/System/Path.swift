/// The path of a file: bytes, as the kernel takes them, which need not be UTF-8.
package struct Path: Hashable, Sendable, ExpressibleByStringInterpolation {
  /// The bytes, without a NUL.
  package let bytes: [UInt8]

  package init(bytes: [UInt8]) {
    self.bytes = bytes
  }

  package init(_ text: String) {
    self.init(bytes: Array(text.utf8))
  }

  package init(stringLiteral text: String) {
    self.init(text)
  }

  /// The path for a call of the C library: its bytes, and a NUL.
  package var cString: [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

  package static func + (path: Path, text: String) -> Path {
    Path(bytes: path.bytes + text.utf8)
  }

  /// The path with `text` in each place of `pattern`.
  package func replacing(_ pattern: String, with text: String) -> Path {
    let parts = bytes.split(separator: Array(pattern.utf8), omittingEmptySubsequences: false)
    return Path(bytes: Array(parts.joined(separator: text.utf8)))
  }
}

extension Path: CustomStringConvertible {
  /// The path as a text to read. What is not UTF-8 becomes U+FFFD.
  package var description: String { String(repairing: bytes.span) }
}
