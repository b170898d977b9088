/// How often a server has waited for the disk, and for how long (`PROTOCOL.md`, The status).
public struct SyncTimes: Hashable, Sendable {
  /// Syncs so far.
  public private(set) var count: UInt64
  /// All of them together.
  public private(set) var total: Duration
  /// The longest.
  public private(set) var longest: Duration

  /// So many syncs, none if not told otherwise.
  public init(count: UInt64 = 0, total: Duration = .zero, longest: Duration = .zero) {
    self.count = count
    self.total = total
    self.longest = longest
  }

  /// The mean, 0 where there were none.
  public var mean: Duration { count > 0 ? total / count : .zero }

  /// Counts one more.
  public mutating func add(_ duration: Duration) {
    count += 1
    total += duration
    longest = max(longest, duration)
  }
}
