/// Reads the fields of a body from front to back. A span is its own cursor: what has been read is
/// cut off its front.
extension Span where Element == UInt8 {
  /// Takes a big-endian integer off the front.
  ///
  /// - Throws: ``BodyError/tooShort``
  mutating func takeInteger<Integer: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Integer.Type = Integer.self
  ) throws(BodyError) -> Integer {
    let size = MemoryLayout<Integer>.size
    guard count >= size else { throw .tooShort }
    // Bounds-checked; any bytes are an integer.
    let value = bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Integer.self)
    self = extracting(size...)
    return Integer(bigEndian: value)
  }

  /// Takes a text off the front and returns its range in `whole`, whose end is this span's end.
  ///
  /// - Throws: ``BodyError/tooShort``
  mutating func takeText(in whole: Span<UInt8>) throws(BodyError) -> Range<Int> {
    let size = Int(try takeInteger(UInt8.self))
    guard count >= size else { throw .tooShort }
    let start = whole.count - count
    self = extracting(size...)
    return start..<(start + size)
  }

  /// Takes all that is left and returns its range in `whole`, whose end is this span's end.
  mutating func takeRest(in whole: Span<UInt8>) -> Range<Int> {
    let start = whole.count - count
    self = extracting(count...)
    return start..<whole.count
  }

  /// Takes a text that must be valid UTF-8 off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/textEncoding``
  mutating func takeString(in whole: Span<UInt8>) throws(BodyError) -> String {
    let text = whole.extracting(try takeText(in: whole))
    guard text.isValidUTF8 else { throw .textEncoding }
    return String(repairing: text)
  }

  /// Takes a byte that stands for one of a few values off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/fieldValue(_:_:)``
  mutating func takeCode<Code: RawRepresentable<UInt8>>(
    _ field: String, _: Code.Type = Code.self
  ) throws(BodyError) -> Code {
    let value = try takeInteger(UInt8.self)
    guard let code = Code(rawValue: value) else { throw .fieldValue(field, UInt64(value)) }
    return code
  }

  /// Takes a byte that is 0 or 1 off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/fieldValue(_:_:)``
  mutating func takeFlag(_ field: String) throws(BodyError) -> Bool {
    let value = try takeInteger(UInt8.self)
    guard value <= 1 else { throw .fieldValue(field, UInt64(value)) }
    return value == 1
  }

  /// Takes a duration in nanoseconds, of at most 292 years, off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/fieldValue(_:_:)``
  mutating func takeDuration(_ field: String) throws(BodyError) -> Duration {
    let value = try takeInteger(UInt64.self)
    guard let nanoseconds = Int64(exactly: value) else { throw .fieldValue(field, value) }
    return .nanoseconds(nanoseconds)
  }
}
