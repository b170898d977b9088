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
