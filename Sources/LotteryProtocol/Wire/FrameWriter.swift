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
