/// The bytes of STATUS (`PROTOCOL.md`, The status).
extension LotteryStatus {
  /// Agency, stored, finished and connected.
  private static let agencySize = 4 + 8 + 1 + 1
  /// Header, type, more, drawn, agencies, connections and count.
  private static let headSize = ProtocolLimits.frameHeaderSize + 1 + 1 + 1 + 4 + 4 + 2
  /// Agencies that fit one frame.
  static let agenciesPerFrame = (ProtocolLimits.packetSize - headSize) / agencySize

  /// Appends what stands after `more`.
  func append(to bytes: inout [UInt8]) {
    bytes.append(isDrawn ? 1 : 0)
    bytes.append(bigEndian: agencies)
    bytes.append(bigEndian: connections)
    bytes.append(bigEndian: UInt16(seen.count))
    for agency in seen {
      bytes.append(bigEndian: agency.number)
      bytes.append(bigEndian: agency.stored)
      bytes.append(agency.hasFinished ? 1 : 0)
      bytes.append(agency.isConnected ? 1 : 0)
    }
  }

  /// Takes what stands after `more` off the front of `cursor`; nil where the bytes end before it.
  ///
  /// - Throws: ``WireError/fieldValue(_:field:value:)``
  static func take(from cursor: inout Span<UInt8>) throws(WireError) -> LotteryStatus? {
    guard let isDrawn = try cursor.takeFlag(MessageType.status, "drawn"),
      let agencies = cursor.takeInteger(UInt32.self),
      let connections = cursor.takeInteger(UInt32.self), let count = cursor.takeInteger(UInt16.self)
    else { return nil }
    var seen: [Agency] = []
    for _ in 0..<count {
      guard let agency = try takeAgency(from: &cursor) else { return nil }
      seen.append(agency)
    }
    return LotteryStatus(isDrawn: isDrawn, agencies: agencies, connections: connections, seen: seen)
  }

  private static func takeAgency(from cursor: inout Span<UInt8>) throws(WireError) -> Agency? {
    guard let number = cursor.takeInteger(UInt32.self),
      let stored = cursor.takeInteger(UInt64.self),
      let hasFinished = try cursor.takeFlag(MessageType.status, "finished"),
      let isConnected = try cursor.takeFlag(MessageType.status, "connected")
    else { return nil }
    return Agency(
      number: number, stored: stored, hasFinished: hasFinished, isConnected: isConnected)
  }
}

extension Span where Element == UInt8 {
  /// Takes a byte that is 0 or 1 off the front, or returns nil where none is left.
  ///
  /// - Throws: ``WireError/fieldValue(_:field:value:)`` where it is another one.
  mutating func takeFlag(_ type: UInt8, _ field: String) throws(WireError) -> Bool? {
    guard let value = takeInteger(UInt8.self) else { return nil }
    guard value <= 1 else { throw .fieldValue(type, field: field, value: UInt64(value)) }
    return value == 1
  }
}
