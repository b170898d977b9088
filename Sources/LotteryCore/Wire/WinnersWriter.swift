/// Writes an agency's winners over as many WINNERS frames as they need, at least one.
///
/// A frame is filled before the next one begins, and its `more` is only known then. So the caller
/// can take the complete frames at any time and need not hold all winners.
package struct WinnersWriter: Sendable {
  /// Complete frames, and the one that is being written after them.
  private var bytes: [UInt8] = []
  /// Bytes of the complete frames.
  package private(set) var completeSize = 0
  /// Documents in the frame that is being written.
  private var count: UInt16 = 0

  /// A writer that has begun the first frame.
  package init() {
    beginFrame()
  }

  /// Adds a winner after those added before.
  package mutating func append(document: Span<UInt8>) {
    if bytes.count - completeSize + 1 + document.count > ProtocolLimits.packetSize {
      endFrame(more: true)
      beginFrame()
    }
    bytes.append(text: document)
    count += 1
  }

  /// Ends the last frame. No winner may be added any more.
  package mutating func finish() {
    endFrame(more: false)
  }

  /// Removes the complete frames and returns them.
  package mutating func takeFrames() -> [UInt8] {
    let frames = Array(bytes[..<completeSize])
    bytes.removeFirst(completeSize)
    completeSize = 0
    return frames
  }

  private mutating func beginFrame() {
    _ = bytes.beginFrame(.winners)
    // `more` and the count, which are known at the end.
    bytes.append(contentsOf: [0, 0, 0])
    count = 0
  }

  private mutating func endFrame(more: Bool) {
    let fields = completeSize + ProtocolLimits.frameHeaderSize + 1
    bytes[fields] = more ? 1 : 0
    bytes[fields + 1] = UInt8(count >> 8)
    bytes[fields + 2] = UInt8(truncatingIfNeeded: count)
    bytes.endFrame(at: completeSize)
    completeSize = bytes.count
  }
}
