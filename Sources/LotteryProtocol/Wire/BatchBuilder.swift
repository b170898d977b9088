/// Fills BATCH frames with bets, up to a number of bets and never over 8000 bytes.
///
/// The frame under way lies at the end of the array that the caller passes to every call, so that
/// many frames can be sent in one go.
public struct BatchBuilder {
  /// The most bets in one batch, 1 to 65535. The frame's size may allow fewer.
  public let maxAmount: Int
  /// Bets in the batch under way.
  public private(set) var count = 0
  private var start = 0

  /// Header, type, offset and count.
  private static let headSize = ProtocolLimits.frameHeaderSize + 1 + 8 + 2

  /// Batches of at most `maxAmount` bets, 1 to 65535.
  public init(maxAmount: Int) {
    precondition(ProtocolLimits.batchCount.contains(maxAmount), "maxAmount out of range")
    self.maxAmount = maxAmount
  }

  /// Whether the bet fits into the batch under way. A bet always fits into an empty one.
  public func hasRoom(for bet: BetView, in bytes: [UInt8]) -> Bool {
    if count == 0 { return true }
    return count < maxAmount && bytes.count - start + bet.wireSize <= ProtocolLimits.packetSize
  }

  /// Adds the bet that `view` finds in `source`; there must be room for it.
  /// - Parameter offset: the bets of this agency that precede the batch, should it begin here.
  public mutating func append(
    _ view: BetView, in source: Span<UInt8>, offset: UInt64, to bytes: inout [UInt8]
  ) {
    if count == 0 { begin(offset: offset, in: &bytes) }
    bytes.append(bet: view, in: source)
    count += 1
  }

  /// Adds the bets of the plain rows at the front of what `reader` holds, as far as there is room
  /// for them; possibly none. Any other row needs ``append(_:in:offset:to:)``.
  package mutating func appendPlainRows(
    of reader: inout CSVReader, offset: UInt64, to bytes: inout [UInt8]
  ) {
    if count == 0 { begin(offset: offset, in: &bytes) }
    count += reader.takePlainRows(
      appendingTo: &bytes, limit: start + ProtocolLimits.packetSize, most: maxAmount - count)
    if count == 0 { bytes.removeLast(Self.headSize) }
  }

  /// Ends the batch under way, if it holds any bet, and returns how many it holds.
  public mutating func finish(_ bytes: inout [UInt8]) -> Int {
    defer { count = 0 }
    guard count > 0 else { return 0 }
    let countAt = start + Self.headSize - 2
    bytes[countAt] = UInt8(truncatingIfNeeded: count >> 8)
    bytes[countAt + 1] = UInt8(truncatingIfNeeded: count)
    bytes.endFrame(at: start)
    return count
  }

  private mutating func begin(offset: UInt64, in bytes: inout [UInt8]) {
    start = bytes.beginFrame(.batch)
    bytes.append(bigEndian: offset)
    bytes.append(bigEndian: UInt16(0))
  }
}
