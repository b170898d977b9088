import LotteryProtocol

extension Duration {
  /// Parses a duration as Go's `time.ParseDuration` does: `5s`, `250ms`, `1m30s`, `-1.5h`. Nil if
  /// it is not one, or does not fit 64 bits of nanoseconds.
  package init?(goText text: String) {
    var rest = Array(text.utf8)[...]
    var isNegative = false
    if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      rest.removeFirst()
    }
    if rest.elementsEqual("0".utf8) {
      self = .zero
      return
    }
    guard !rest.isEmpty else { return nil }
    var total: UInt64 = 0
    while !rest.isEmpty {
      guard let part = Self.takePart(&rest) else { return nil }
      let (sum, overflow) = total.addingReportingOverflow(part)
      guard !overflow, sum <= Self.limit else { return nil }
      total = sum
    }
    if isNegative {
      self = .nanoseconds(Int64(truncatingIfNeeded: 0 &- total))
    } else {
      guard total < Self.limit else { return nil }
      self = .nanoseconds(Int64(total))
    }
  }

  /// The duration as Go's `Duration.String` prints it, in whole nanoseconds: `5s`, `1m30s`,
  /// `250ms`, `0s`.
  package var goText: String {
    let nanoseconds = attoseconds / 1_000_000_000
    let magnitude = UInt64(clamping: nanoseconds.magnitude)
    let sign = nanoseconds < 0 ? "-" : ""
    guard magnitude >= 1_000_000_000 else { return sign + Self.subsecond(magnitude) }
    let seconds = magnitude / 1_000_000_000
    var text = Self.decimal(magnitude % 60_000_000_000, unit: 1_000_000_000) + "s"
    if seconds >= 60 { text = "\(seconds / 60 % 60)m" + text }
    if seconds >= 3600 { text = "\(seconds / 3600)h" + text }
    return sign + text
  }

  /// One more than the largest number of nanoseconds.
  private static let limit: UInt64 = 1 << 63

  private static let units: [String: UInt64] = [
    "ns": 1, "us": 1000, "\u{B5}s": 1000, "\u{3BC}s": 1000, "ms": 1_000_000, "s": 1_000_000_000,
    "m": 60_000_000_000, "h": 3_600_000_000_000,
  ]

  /// Removes one number with its unit from the front of `rest`, and returns it in nanoseconds.
  private static func takePart(_ rest: inout ArraySlice<UInt8>) -> UInt64? {
    let whole = takeDigits(&rest)
    var fraction: ArraySlice<UInt8> = []
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      fraction = takeDigits(&rest)
    }
    guard !whole.isEmpty || !fraction.isEmpty else { return nil }
    let unitEnd = rest.firstIndex { $0 == UInt8(ascii: ".") || isDigit($0) } ?? rest.endIndex
    guard let unit = units[String(decoding: rest[..<unitEnd], as: UTF8.self)],
      let count = whole.isEmpty ? 0 : UInt64(decimal: whole.span)
    else { return nil }
    rest = rest[unitEnd...]
    let (value, overflow) = count.multipliedReportingOverflow(by: unit)
    guard !overflow, value <= limit else { return nil }
    return value + nanoseconds(fraction, unit)
  }

  /// The fraction of `unit` in nanoseconds. Go computes it in floating point, too.
  private static func nanoseconds(_ fraction: ArraySlice<UInt8>, _ unit: UInt64) -> UInt64 {
    var digits: UInt64 = 0
    var scale = 1.0
    for byte in fraction {
      // Further digits do not change the result.
      guard digits <= (limit - 10) / 10 else { break }
      digits = digits * 10 + UInt64(byte - UInt8(ascii: "0"))
      scale *= 10
    }
    return UInt64(Double(digits) * (Double(unit) / scale))
  }

  private static func takeDigits(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let digits = rest.prefix(while: isDigit)
    rest = rest[digits.endIndex...]
    return digits
  }

  private static func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
  }

  private static func subsecond(_ nanoseconds: UInt64) -> String {
    switch nanoseconds {
    case 0: "0s"
    case ..<1000: "\(nanoseconds)ns"
    case ..<1_000_000: decimal(nanoseconds, unit: 1000) + "\u{B5}s"
    default: decimal(nanoseconds, unit: 1_000_000) + "ms"
    }
  }

  /// `value / unit` as a decimal without trailing zeros.
  private static func decimal(_ value: UInt64, unit: UInt64) -> String {
    var fraction = "\(unit + value % unit)".dropFirst()
    while fraction.last == "0" { fraction.removeLast() }
    return fraction.isEmpty ? "\(value / unit)" : "\(value / unit).\(fraction)"
  }
}
