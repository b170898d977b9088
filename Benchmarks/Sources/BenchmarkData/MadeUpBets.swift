/// Rows of made-up bets, as long as those of the course's data on average. The same seed gives the
/// same rows.
public struct MadeUpBets {
  private var state: UInt64
  private var document: UInt64 = 10_000_000

  private static let firstNames = [
    "Agustín", "Sofía", "María José", "Lionel", "Joaquín", "Milagros Ana", "Zoe", "Valentín",
  ].map { Array($0.utf8) }
  private static let lastNames = [
    "González", "Rodríguez", "Muñoz", "Ríos", "Fernández", "Güiraldes", "Romero", "Córdoba",
  ].map { Array($0.utf8) }

  /// Bets that depend on nothing but `seed`.
  public init(seed: UInt64) {
    state = seed
  }

  /// Appends a row of an agency's file. One number in 9000 wins.
  public mutating func appendRow(to bytes: inout [UInt8]) {
    let word = next()
    bytes.append(contentsOf: Self.firstNames[Int(word & 7)])
    bytes.append(Self.comma)
    bytes.append(contentsOf: Self.lastNames[Int(word >> 3 & 7)])
    bytes.append(Self.comma)
    document = document == 99_999_999 ? 10_000_000 : document + 1
    append(document, digits: 8, to: &bytes)
    bytes.append(Self.comma)
    append(1930 + (word >> 6) % 75, digits: 4, to: &bytes)
    bytes.append(Self.hyphen)
    append(1 + (word >> 16) % 12, digits: 2, to: &bytes)
    bytes.append(Self.hyphen)
    append(1 + (word >> 24) % 28, digits: 2, to: &bytes)
    bytes.append(Self.comma)
    append((word >> 32) % 9000 + 1000, digits: 4, to: &bytes)
    bytes.append(Self.carriageReturn)
    bytes.append(Self.lineFeed)
  }

  private static let comma = UInt8(ascii: ",")
  private static let hyphen = UInt8(ascii: "-")
  private static let carriageReturn = UInt8(ascii: "\r")
  private static let lineFeed = UInt8(ascii: "\n")

  private func append(_ value: UInt64, digits: Int, to bytes: inout [UInt8]) {
    var divisor: UInt64 = 1
    for _ in 1..<digits { divisor *= 10 }
    while divisor > 0 {
      bytes.append(UInt8(ascii: "0") + UInt8(value / divisor % 10))
      divisor /= 10
    }
  }

  /// SplitMix64 (Steele, Lea, Flood 2014).
  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
    return word ^ word >> 31
  }
}
