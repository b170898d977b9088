/// How a lottery stands, for its operator (`PROTOCOL.md`, The status).
public struct LotteryStatus: Hashable, Sendable {
  /// How one agency stands.
  public struct Agency: Hashable, Sendable {
    /// Its number.
    public var number: UInt32
    /// Its bets that are safe.
    public var stored: UInt64
    /// Whether its FINISHED is safe.
    public var hasFinished: Bool
    /// Whether a connection speaks for it.
    public var isConnected: Bool

    /// The standing of an agency.
    public init(number: UInt32, stored: UInt64, hasFinished: Bool, isConnected: Bool) {
      self.number = number
      self.stored = stored
      self.hasFinished = hasFinished
      self.isConnected = isConnected
    }
  }

  /// Whether the draw has been held.
  public var isDrawn: Bool
  /// The agencies that take part are numbered from 1 to this.
  public var agencies: UInt32
  /// Connections that are open.
  public var connections: UInt32
  /// Every agency that has bets, has finished or is connected, in the order of their numbers.
  public var seen: [Agency]

  /// The standing of a lottery.
  public init(isDrawn: Bool, agencies: UInt32, connections: UInt32, seen: [Agency]) {
    self.isDrawn = isDrawn
    self.agencies = agencies
    self.connections = connections
    self.seen = seen
  }
}

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
