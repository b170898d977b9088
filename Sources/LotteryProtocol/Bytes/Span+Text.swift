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

  /// Whether these are the same bytes as `other`.
  public func isEqual(to other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }
}

extension String {
  /// The text of these bytes; what is not valid UTF-8 becomes U+FFFD.
  public init(repairing bytes: Span<UInt8>) {
    self = bytes.withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}
