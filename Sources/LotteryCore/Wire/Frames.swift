/// Cuts a stream of bytes into frames (`PROTOCOL.md`, Framing).
public enum FrameDecoder {
  /// Where the next frame, its header left out, lies in `bytes`, or nil while it is incomplete.
  ///
  /// A frame that starts at `start` takes `ProtocolLimits.frameHeaderSize` bytes more than the
  /// range returned; it ends where the range ends.
  ///
  /// - Throws: ``WireError/frameLength(_:)`` as soon as the header is there.
  public static func nextFrame(
    in bytes: Span<UInt8>, from unread: Range<Int>
  ) throws(WireError) -> Range<Int>? {
    var cursor = bytes.extracting(unread)
    guard let length = cursor.takeInteger(UInt32.self) else { return nil }
    guard ProtocolLimits.frameLength.contains(Int(length)) else {
      throw .frameLength(length)
    }
    guard cursor.count >= Int(length) else { return nil }
    let start = unread.lowerBound + ProtocolLimits.frameHeaderSize
    return start..<(start + Int(length))
  }
}

extension InputBuffer {
  /// Where the next complete frame, its header left out, lies in ``storage``, or nil while more
  /// bytes are needed. The frame stays unread until ``consume(frame:)``.
  ///
  /// - Throws: ``WireError/frameLength(_:)``
  public func nextFrame() throws(WireError) -> Range<Int>? {
    try FrameDecoder.nextFrame(in: storage.span, from: unread)
  }

  /// Takes the next message that the server sent to `agency`, or returns nil while more bytes are
  /// needed.
  ///
  /// - Throws: ``WireError``
  public mutating func nextServerMessage(agency: UInt32) throws(WireError) -> ServerMessage? {
    guard let frame = try nextFrame() else { return nil }
    let message = try ServerMessage(frame: storage.span.extracting(frame), agency: agency)
    consume(frame: frame)
    return message
  }

  /// Marks the frame that ``nextFrame()`` found as used up.
  public mutating func consume(frame: Range<Int>) {
    consume(ProtocolLimits.frameHeaderSize + frame.count)
  }
}

/// Writes frames one after another into an array that is used again and again.
struct FrameWriter {
  /// Where the frame that is being written begins.
  private let start: Int

  /// Begins a frame of the given type at the end of `bytes`.
  init(type: UInt8, to bytes: inout [UInt8]) {
    start = bytes.count
    bytes.append(bigEndian: UInt32(0))
    bytes.append(type)
  }

  /// Goes on with a frame that was begun at `start`.
  init(at start: Int) {
    self.start = start
  }

  /// Ends the frame: only now is its length known.
  func finish(_ bytes: inout [UInt8]) {
    let length = bytes.count - start - ProtocolLimits.frameHeaderSize
    precondition(ProtocolLimits.frameLength.contains(length), "a frame too large to send")
    for index in 0..<ProtocolLimits.frameHeaderSize {
      let shift = 8 * (ProtocolLimits.frameHeaderSize - 1 - index)
      bytes[start + index] = UInt8(truncatingIfNeeded: length >> shift)
    }
  }
}

extension Array where Element == UInt8 {
  /// Appends a text: its length in one byte, then its bytes.
  mutating func append(text: Span<UInt8>) {
    append(UInt8(text.count))
    append(copying: text)
  }
}
