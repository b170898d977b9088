/// How often the disk was waited for, and for how long.
struct SyncTimes: Sendable, Equatable {
  /// Syncs so far.
  private(set) var count = 0
  /// All of them together.
  private(set) var total = Duration.zero
  /// The longest.
  private(set) var longest = Duration.zero

  /// The mean, 0 where there were none.
  var mean: Duration { count > 0 ? total / count : .zero }

  /// Counts one more.
  mutating func add(_ duration: Duration) {
    count += 1
    total += duration
    longest = max(longest, duration)
  }
}
