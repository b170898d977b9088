/// The state of a lottery, for its operator (`PROTOCOL.md`, The status).
public struct LotteryStatus: Hashable, Sendable {
  /// What the operator sees of one agency.
  public struct Agency: Hashable, Sendable {
    /// At least 1. Above ``LotteryStatus/agencies`` if its bets are from a larger lottery.
    public var number: UInt32
    /// Its bets that are safe.
    public var stored: UInt64
    /// Whether its FINISHED is safe.
    public var hasFinished: Bool
    /// Whether a connection speaks for it.
    public var isConnected: Bool

    package init(number: UInt32, stored: UInt64, hasFinished: Bool, isConnected: Bool) {
      (self.number, self.stored) = (number, stored)
      (self.hasFinished, self.isConnected) = (hasFinished, isConnected)
    }
  }

  /// Whether the draw has been held.
  public var isDrawn: Bool
  /// The agencies that take part are numbered from 1 to this.
  public var agencies: UInt32
  /// Those that are open, without the operator's own.
  public var connections: UInt32
  /// The syncs of `bets.csv` since the server started.
  public var syncs: SyncTimes
  /// Every agency that has bets, has finished or is connected, in the order of their numbers.
  public var seen: [Agency]

  package init(
    isDrawn: Bool, agencies: UInt32, connections: UInt32, syncs: SyncTimes = SyncTimes(),
    seen: [Agency]
  ) {
    (self.isDrawn, self.agencies, self.connections) = (isDrawn, agencies, connections)
    (self.syncs, self.seen) = (syncs, seen)
  }
}

/// The number of syncs that a server has waited for, and their times.
public struct SyncTimes: Hashable, Sendable {
  /// Syncs so far.
  public private(set) var count: UInt64
  /// The sum of their times.
  public private(set) var total: Duration
  /// The time of the longest one; zero if there were none.
  public private(set) var longest: Duration

  package init(count: UInt64 = 0, total: Duration = .zero, longest: Duration = .zero) {
    (self.count, self.total, self.longest) = (count, total, longest)
  }

  /// Zero if there were none.
  public var mean: Duration { count > 0 ? total / count : .zero }

  package mutating func add(_ duration: Duration) {
    count += 1
    total += duration
    longest = max(longest, duration)
  }
}

extension LotteryStatus {
  /// Agency, stored, finished and connected.
  private static let agencySize = 4 + 8 + 1 + 1
  /// Header, type, more, drawn, agencies, connections, the three of the syncs, and count.
  private static let headSize = ProtocolLimits.frameHeaderSize + 1 + 1 + 1 + 4 + 4 + 3 * 8 + 2
  static let agenciesPerFrame = (ProtocolLimits.packetSize - headSize) / agencySize

  /// Takes the fields after `more` off the front of `fields`.
  init(fields: inout Span<UInt8>) throws(BodyError) {
    self.init(
      isDrawn: try fields.takeFlag("drawn"), agencies: try fields.takeInteger(),
      connections: try fields.takeInteger(),
      syncs: SyncTimes(
        count: try fields.takeInteger(), total: try fields.takeDuration("syncTime"),
        longest: try fields.takeDuration("longestSync")),
      seen: [])
    for _ in 0..<(try fields.takeInteger(UInt16.self)) {
      seen.append(
        Agency(
          number: try fields.takeInteger(), stored: try fields.takeInteger(),
          hasFinished: try fields.takeFlag("finished"),
          isConnected: try fields.takeFlag("connected")))
    }
  }

  /// Appends the fields after `more`.
  func appendFields(to bytes: inout [UInt8]) {
    bytes.append(isDrawn ? 1 : 0)
    bytes.append(bigEndian: agencies)
    bytes.append(bigEndian: connections)
    bytes.append(bigEndian: syncs.count)
    bytes.append(bigEndian: UInt64(syncs.total.nanoseconds))
    bytes.append(bigEndian: UInt64(syncs.longest.nanoseconds))
    bytes.append(bigEndian: UInt16(seen.count))
    for agency in seen {
      bytes.append(bigEndian: agency.number)
      bytes.append(bigEndian: agency.stored)
      bytes.append(agency.hasFinished ? 1 : 0)
      bytes.append(agency.isConnected ? 1 : 0)
    }
  }
}

extension Duration {
  /// The whole nanoseconds in it. The duration must be at most 292 years.
  public var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
