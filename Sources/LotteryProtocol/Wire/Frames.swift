/// Frames: a length of four bytes, then a type and a body (`PROTOCOL.md`, Framing).
extension Span where Element == UInt8 {
  /// The range of the first frame at `unread`, its header left out; nil while it is incomplete.
  ///
  /// The frame takes `ProtocolLimits.frameHeaderSize` bytes more than the range, in front of it.
  /// - Throws: ``WireError/frameLength(_:)`` as soon as the header is there.
  public func nextFrame(in unread: Range<Int>) throws(WireError) -> Range<Int>? {
    guard unread.count >= ProtocolLimits.frameHeaderSize else { return nil }
    // Bounds-checked; any four bytes are an integer.
    let header = bytes.unsafeLoadUnaligned(fromByteOffset: unread.lowerBound, as: UInt32.self)
    let length = UInt32(bigEndian: header)
    guard ProtocolLimits.frameLength.contains(Int(length)) else { throw .frameLength(length) }
    let start = unread.lowerBound + ProtocolLimits.frameHeaderSize
    guard unread.upperBound - start >= Int(length) else { return nil }
    return start..<(start + Int(length))
  }
}

extension InputBuffer {
  /// Takes the next frame, its header left out; nil while more bytes are needed.
  ///
  /// The frame shares the memory of ``storage``.
  package mutating func nextFrame() throws(WireError) -> ArraySlice<UInt8>? {
    guard let frame = try storage.span.nextFrame(in: unread) else { return nil }
    consume(ProtocolLimits.frameHeaderSize + frame.count)
    return storage[frame]
  }
}

extension Array where Element == UInt8 {
  mutating func appendFrame(_ type: MessageType, _ body: (inout [UInt8]) -> Void) {
    let start = beginFrame(type)
    body(&self)
    endFrame(at: start)
  }

  /// Begins a frame and returns where it begins. Its body is appended before ``endFrame(at:)``.
  mutating func beginFrame(_ type: MessageType) -> Int {
    append(bigEndian: UInt32(0))
    append(type.rawValue)
    return count - ProtocolLimits.frameHeaderSize - 1
  }

  /// Ends the frame that begins at `start`: its length is known now.
  mutating func endFrame(at start: Int) {
    let length = count - start - ProtocolLimits.frameHeaderSize
    precondition(ProtocolLimits.frameLength.contains(length), "a frame too large to send")
    for index in 0..<ProtocolLimits.frameHeaderSize {
      let shift = 8 * (ProtocolLimits.frameHeaderSize - 1 - index)
      self[start + index] = UInt8(truncatingIfNeeded: length >> shift)
    }
  }
}

/// Reads the fields of a body from front to back. A span is its own cursor: what has been read is
/// cut off its front.
extension Span where Element == UInt8 {
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

  mutating func takeString(in whole: Span<UInt8>) throws(BodyError) -> String {
    let text = whole.extracting(try takeText(in: whole))
    guard text.isValidUTF8 else { throw .textEncoding }
    return String(repairing: text)
  }

  mutating func takeCode<Code: RawRepresentable<UInt8>>(
    _ field: String, _: Code.Type = Code.self
  ) throws(BodyError) -> Code {
    let value = try takeInteger(UInt8.self)
    guard let code = Code(rawValue: value) else { throw .fieldValue(field, UInt64(value)) }
    return code
  }

  mutating func takeFlag(_ field: String) throws(BodyError) -> Bool {
    let value = try takeInteger(UInt8.self)
    guard value <= 1 else { throw .fieldValue(field, UInt64(value)) }
    return value == 1
  }

  /// Takes a duration in nanoseconds, of at most 292 years, off the front.
  mutating func takeDuration(_ field: String) throws(BodyError) -> Duration {
    let value = try takeInteger(UInt64.self)
    guard let nanoseconds = Int64(exactly: value) else { throw .fieldValue(field, value) }
    return .nanoseconds(nanoseconds)
  }
}
