extension Span where Element == UInt8 {
  /// Whether every byte is ASCII. Eight bytes are looked at in a step.
  var isASCII: Bool {
    var offset = 0
    while offset + 8 <= count {
      let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if word & 0x8080_8080_8080_8080 != 0 { return false }
      offset += 8
    }
    while offset < count {
      if self[offset] & 0x80 != 0 { return false }
      offset += 1
    }
    return true
  }

  /// Whether every byte is ASCII and none is NUL. Eight bytes are looked at in a step.
  var isPlainASCII: Bool {
    var offset = 0
    while offset + 8 <= count {
      let word = bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self)
      if word.marksBesidePlainASCII != 0 { return false }
      offset += 8
    }
    while offset < count {
      if !self[offset].isPlainASCII { return false }
      offset += 1
    }
    return true
  }

  /// Whether these bytes are valid UTF-8. Most are ASCII, which is seen without decoding.
  var isValidUTF8: Bool {
    if isASCII { return true }
    do {
      _ = try UTF8Span(validating: self)
      return true
    } catch {
      return false
    }
  }

  /// Whether every byte is an ASCII digit.
  var allDigits: Bool {
    for index in indices where self[index] &- UInt8(ascii: "0") > 9 { return false }
    return true
  }

  func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
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
  var marksBesidePlainASCII: UInt64 {
    (self | (self &- 0x0101_0101_0101_0101)) & 0x8080_8080_8080_8080
  }
}

extension UInt8 {
  static let comma = UInt8(ascii: ",")
  static let quote = UInt8(ascii: "\"")
  static let lineFeed = UInt8(ascii: "\n")
  static let carriageReturn = UInt8(ascii: "\r")

  /// Whether it is ASCII and not NUL.
  var isPlainASCII: Bool { (0x01...0x7F).contains(self) }
}

extension String {
  /// The text of these bytes; what is not valid UTF-8 becomes U+FFFD.
  package init(repairing bytes: Span<UInt8>) {
    self = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}

extension Span where Element == UInt8 {
  /// The index of the first `byte` from `start` on. Looks at a window of bytes at a time.
  package func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
    var offset = start
    while offset + ByteWindow.size <= count {
      let matches = ByteWindow(bytes, at: offset).matches(of: byte)
      if matches != 0 { return offset + matches.trailingZeroBitCount }
      offset += ByteWindow.size
    }
    while offset < count {
      if self[offset] == byte { return offset }
      offset += 1
    }
    return nil
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
      let digit = digits[index] &- UInt8(ascii: "0")
      guard digit <= 9 else { return nil }
      let (shifted, tooLarge) = value.multipliedReportingOverflow(by: 10)
      let (sum, overflow) = shifted.addingReportingOverflow(Self(digit))
      if tooLarge || overflow { return nil }
      value = sum
    }
    self = value
  }
}
