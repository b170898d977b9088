/// The number of syncs that a server has waited for, and their times (`PROTOCOL.md`, The status).
public struct SyncTimes: Hashable, Sendable {
  /// Syncs so far.
  public private(set) var count: UInt64
  /// The sum of their times.
  public private(set) var total: Duration
  /// The longest time.
  public private(set) var longest: Duration

  /// The times of `count` syncs.
  public init(count: UInt64 = 0, total: Duration = .zero, longest: Duration = .zero) {
    self.count = count
    self.total = total
    self.longest = longest
  }

  /// The mean, 0 if there were none.
  public var mean: Duration { count > 0 ? total / count : .zero }

  /// Counts one more sync.
  public mutating func add(_ duration: Duration) {
    count += 1
    total += duration
    longest = max(longest, duration)
  }
}

/// The bytes of SYNCS (`PROTOCOL.md`, The status).
extension SyncTimes {
  /// Takes the fields off the front of `fields`.
  init(fields: inout Span<UInt8>) throws(BodyError) {
    self.init(
      count: try fields.takeInteger(), total: try fields.takeDuration("total"),
      longest: try fields.takeDuration("longest"))
  }

  /// Appends the fields.
  func appendFields(to bytes: inout [UInt8]) {
    bytes.append(bigEndian: count)
    bytes.append(bigEndian: UInt64(total.nanoseconds))
    bytes.append(bigEndian: UInt64(longest.nanoseconds))
  }
}

extension Duration {
  /// The whole nanoseconds in it. The duration must be at most 292 years.
  public var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
