import LotteryProtocol

extension Duration {
  /// Parses a duration as Go's `time.ParseDuration` does: `5s`, `250ms`, `1m30s`, `-1.5h`. Nil if
  /// it is not one, or does not fit 64 bits of nanoseconds.
  package init?(goText text: String) {
    var rest = Array(text.utf8)[...]
    let isNegative = rest.first == UInt8(ascii: "-")
    if isNegative || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
    guard !rest.isEmpty else { return nil }
    // The only number that needs no unit.
    if rest.elementsEqual("0".utf8) { rest = [] }
    var total: UInt64 = 0
    while !rest.isEmpty {
      guard let part = Self.takePart(&rest), part <= Self.limit - total else { return nil }
      total += part
    }
    guard isNegative || total < Self.limit else { return nil }
    self = .nanoseconds(isNegative ? Int64(truncatingIfNeeded: 0 &- total) : Int64(total))
  }

  /// The duration as Go's `Duration.String` prints it, in whole nanoseconds: `5s`, `1m30s`,
  /// `250ms`, `0s`.
  package var goText: String {
    let nanoseconds = attoseconds / 1_000_000_000
    let sign = nanoseconds < 0 ? "-" : ""
    let magnitude = UInt64(clamping: nanoseconds.magnitude)
    let seconds = magnitude / 1_000_000_000
    switch magnitude {
    case 0: return "0s"
    case ..<1000: return sign + "\(magnitude)ns"
    case ..<1_000_000: return sign + Self.decimal(magnitude, unit: 1000) + "\u{B5}s"
    case ..<1_000_000_000: return sign + Self.decimal(magnitude, unit: 1_000_000) + "ms"
    default:
      let hours = seconds >= 3600 ? "\(seconds / 3600)h" : ""
      let minutes = seconds >= 60 ? "\(seconds / 60 % 60)m" : ""
      return sign + hours + minutes
        + Self.decimal(magnitude % 60_000_000_000, unit: 1_000_000_000) + "s"
    }
  }

  /// One more than the largest number of nanoseconds.
  private static let limit: UInt64 = 1 << 63

  private static let units: [String: UInt64] = [
    "ns": 1, "us": 1000, "\u{B5}s": 1000, "\u{3BC}s": 1000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000,
  ]

  /// Removes one number with its unit from the front of `rest`, and returns it in nanoseconds.
  private static func takePart(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    let whole = take(&rest, while: \.isDigit)
    let hasPoint = rest.first == UInt8(ascii: ".")
    if hasPoint { rest.removeFirst() }
    let fraction = hasPoint ? take(&rest, while: \.isDigit) : []
    let name = take(&rest) { $0 != UInt8(ascii: ".") && !$0.isDigit }
    guard !whole.isEmpty || !fraction.isEmpty,
      let unit = units[String(decoding: name, as: UTF8.self)],
      let count = whole.isEmpty ? 0 : UInt64(decimal: whole.span)
    else { return nil }
    let (value, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow, value <= limit else { return nil }
    var (digits, scale) = (UInt64(0), 1.0)
    // Further digits do not change the result.
    for byte in fraction where digits <= (limit - 10) / 10 {
      digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
      scale *= 10
    }
    // Go computes it in floating point, too.
    return value + UInt64(Double(digits) * (Double(unit) / scale))
  }

  private static func take(
    _ rest: inout ArraySlice<UInt8>, while belongs: (UInt8) -> Bool
  ) -> ArraySlice<UInt8> {
    let taken = rest.prefix(while: belongs)
    rest = rest[taken.endIndex...]
    return taken
  }

  /// `value / unit` as a decimal without trailing zeros.
  private static func decimal(_ value: UInt64, unit: UInt64) -> String {
    var fraction = "\(unit + value % unit)".dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return fraction.isEmpty ? "\(value / unit)" : "\(value / unit).\(fraction)"
  }
}
