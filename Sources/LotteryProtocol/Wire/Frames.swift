/// Frames: a length of four bytes, then a type and a body (`PROTOCOL.md`, Framing).
extension Span where Element == UInt8 {
  /// The range of the first frame at `unread`, its header left out; nil while it is incomplete.
  ///
  /// The frame takes `ProtocolLimits.frameHeaderSize` bytes more than the range, in front of it.
  ///
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
  /// The range in ``storage`` of the next frame, its header left out; nil while more bytes are
  /// needed. The frame stays unread until ``consume(frame:)``.
  ///
  /// - Throws: ``WireError/frameLength(_:)``
  public func nextFrame() throws(WireError) -> Range<Int>? {
    try storage.span.nextFrame(in: unread)
  }

  /// Marks the frame that ``nextFrame()`` found as consumed.
  public mutating func consume(frame: Range<Int>) {
    consume(ProtocolLimits.frameHeaderSize + frame.count)
  }
}

extension Array where Element == UInt8 {
  /// Appends a frame whose body `body` appends.
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

  /// Appends a text: its length in one byte, then its bytes.
  mutating func append(text: Span<UInt8>) {
    append(UInt8(text.count))
    append(copying: text)
  }
}
