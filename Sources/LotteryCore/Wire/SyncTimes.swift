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

/// The bytes of SYNCS (`PROTOCOL.md`, The status).
extension SyncTimes {
  /// Appends the body.
  func append(to bytes: inout [UInt8]) {
    bytes.append(bigEndian: count)
    bytes.append(bigEndian: UInt64(total.nanoseconds))
    bytes.append(bigEndian: UInt64(longest.nanoseconds))
  }

  /// Takes the body off the front of `cursor`; nil where the bytes end before it.
  ///
  /// - Throws: ``WireError/fieldValue(_:field:value:)``
  static func take(from cursor: inout Span<UInt8>) throws(WireError) -> SyncTimes? {
    guard let count = cursor.takeInteger(UInt64.self),
      let total = try cursor.takeDuration("total"), let longest = try cursor.takeDuration("longest")
    else { return nil }
    return SyncTimes(count: count, total: total, longest: longest)
  }
}

extension Span where Element == UInt8 {
  /// Takes a duration in nanoseconds off the front, or returns nil where the bytes end before it.
  ///
  /// - Throws: ``WireError/fieldValue(_:field:value:)`` where it is longer than 292 years.
  fileprivate mutating func takeDuration(_ field: String) throws(WireError) -> Duration? {
    guard let value = takeInteger(UInt64.self) else { return nil }
    guard let nanoseconds = Int64(exactly: value) else {
      throw .fieldValue(MessageType.syncs, field: field, value: value)
    }
    return .nanoseconds(nanoseconds)
  }
}

extension Duration {
  /// The whole nanoseconds in it, of which there must not be more than an `Int` counts: 292 years.
  public var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
