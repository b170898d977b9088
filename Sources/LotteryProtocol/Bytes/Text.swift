extension Span where Element == UInt8 {
  /// Whether every byte is ASCII and none is NUL.
  var isPlainASCII: Bool { end(from: 0) { $0.marksBesidePlainASCII } == count }

  var hasNUL: Bool { end(from: 0) { $0.marking(0) } < count }

  /// The index of the first byte from `start` on that may end a field or begin quotes, or the
  /// number of bytes.
  func endOfPlainText(from start: Int) -> Int {
    end(from: start) {
      $0.marking(.comma) | $0.marking(.quote) | $0.marking(.lineFeed) | $0.marking(.carriageReturn)
    }
  }

  /// The index of the first byte from `start` on that `marks` marks, or the number of bytes. Eight
  /// bytes are looked at in a step.
  /// - Parameter marks: sets the highest bit of the lowest byte that it looks for. The marks above
  ///   that one mean nothing.
  @inline(__always)
  private func end(from start: Int, _ marks: (UInt64) -> UInt64) -> Int {
    var offset = start
    while offset + 8 <= count {
      let found = marks(bytes.word(at: offset))
      if found != 0 { return offset + found.trailingZeroBitCount / 8 }
      offset += 8
    }
    while offset < count, marks(UInt64(self[offset])) & 0x80 == 0 { offset += 1 }
    return offset
  }

  var isValidUTF8: Bool {
    do {
      _ = try UTF8Span(validating: self)
      return true
    } catch {
      return false
    }
  }

  var allDigits: Bool {
    for index in indices where !self[index].isDigit { return false }
    return true
  }
}

extension UInt64 {
  /// The highest bit of the lowest byte that is `byte`, and perhaps of some above it; 0 if there is
  /// none (Bit Twiddling Hacks, "Determine if a word has a byte equal to n").
  func marking(_ byte: UInt8) -> UInt64 {
    let difference = self ^ (0x0101_0101_0101_0101 &* UInt64(byte))
    return (difference &- 0x0101_0101_0101_0101) & ~difference & 0x8080_8080_8080_8080
  }

  /// The highest bit of each of its eight bytes that is NUL or beyond ASCII; those above the lowest
  /// of them mean nothing.
  ///
  /// Subtracting 1 sets the highest bit of a byte that was 0, and borrows from the bytes above it
  /// only.
  fileprivate var marksBesidePlainASCII: UInt64 {
    (self | (self &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080
  }
}

extension UInt8 {
  static let comma = UInt8(ascii: ",")
  static let quote = UInt8(ascii: "\"")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")

  package var isDigit: Bool { self &- UInt8(ascii: "0") <= 9 }
}

extension String {
  /// The text of these bytes; what is not valid UTF-8 becomes U+FFFD.
  package init(repairing bytes: Span<UInt8>) {
    self = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}

extension FixedWidthInteger where Self: UnsignedInteger {
  /// The number that these ASCII digits write. Leading zeros are allowed.
  ///
  /// Nil if there is no digit, if there is another character, or if the number does not fit.
  package init?(decimal digits: Span<UInt8>) {
    guard digits.count > 0 else { return nil }
    var value: Self = 0
    for index in digits.indices {
      guard digits[index].isDigit else { return nil }
      let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = shifted.addingReportingOverflow(Self(digits[index] & 0xF))
      if tooLarge || overflow { return nil }
      value = sum
    }
    self = value
  }
}

/// The parts of rows and messages, written into room that was reserved for all of them at once.
extension OutputSpan where Element == UInt8 {
  mutating func append(copying source: Span<UInt8>) {
    precondition(source.count <= freeCapacity, "more than the reserved room")
    withUnsafeMutableBufferPointer { room, count in
      source.withUnsafeBufferPointer { source in
        // The precondition above guarantees room after the first `count` elements.
        guard let from = source.baseAddress, let to = room.baseAddress else { return }
        (to + count).initialize(from: from, count: source.count)
      }
      count += source.count
    }
  }

  mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
    for shift in stride(from: value.bitWidth - 8, through: 0, by: -8) {
      append(UInt8(truncatingIfNeeded: value >> shift))
    }
  }

  /// Appends `value` in plain decimal, up to 20 digits.
  mutating func append(decimal value: some FixedWidthInteger & UnsignedInteger) {
    var rest = UInt64(value)
    var scale: UInt64 = 1
    while rest / scale >= 10 { scale *= 10 }
    while scale > 0 {
      append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest / scale))
      rest %= scale
      scale /= 10
    }
  }

  /// Appends a text of a message: its length in one byte, then its bytes.
  mutating func append(text: Span<UInt8>) {
    append(UInt8(text.count))
    append(copying: text)
  }
}

extension Array where Element == UInt8 {
  package mutating func append(copying bytes: Span<UInt8>) {
    bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
  }

  mutating func append(bigEndian value: some FixedWidthInteger & UnsignedInteger) {
    append(addingCapacity: value.bitWidth / 8) { $0.append(bigEndian: value) }
  }

  package mutating func append(decimal value: some FixedWidthInteger & UnsignedInteger) {
    append(addingCapacity: 20) { $0.append(decimal: value) }
  }

  mutating func append(text: Span<UInt8>) {
    append(addingCapacity: 1 + text.count) { $0.append(text: text) }
  }
}

/// Bytes from outside, made fit for one field of a log line.
package enum PrintableText {
  /// `bytes` as text without line breaks, control characters or `|`, which separates the fields
  /// of a log line: those are escaped as in a Swift literal, and a backslash is doubled, so that
  /// the text can be read back. What is not UTF-8 becomes U+FFFD.
  /// - Parameter limit: characters kept; what is cut off is replaced by `…`.
  package static func escaped(_ bytes: Span<UInt8>, limit: Int = .max) -> String {
    let text = String(repairing: bytes)
    if bytes.count <= limit, isPlain(bytes) { return text }
    let kept = text.unicodeScalars.prefix(limit)
    return kept.map(escaped).joined() + (kept.endIndex < text.endIndex ? "…" : "")
  }

  /// Appends `text`, escaped likewise.
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
    switch (scalar, scalar.properties.generalCategory) {
    case ("\n", _): "\\n"
    case ("\r", _): "\\r"
    case ("\t", _): "\\t"
    case ("\\", _): "\\\\"
    case ("|", _), (_, .control), (_, .format), (_, .lineSeparator), (_, .paragraphSeparator):
      "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
    default: String(scalar)
    }
  }
}
