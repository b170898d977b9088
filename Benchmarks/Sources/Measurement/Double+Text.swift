extension Double {
  /// The number for people: three significant digits at least, thousands set apart; a whole number
  /// as it is.
  public var text: String {
    let size = abs(self)
    if self == rounded() { return fixed(decimals: 0) }
    return fixed(decimals: size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3)
  }

  /// The number with that many decimals.
  func fixed(decimals: Int) -> String {
    var scale = 1.0
    for _ in 0..<decimals { scale *= 10 }
    let scaled = Int64((abs(self) * scale).rounded())
    let whole = scaled / Int64(scale)
    let sign = self < 0 && scaled > 0 ? "-" : ""
    guard decimals > 0 else { return sign + Self.grouped(whole) }
    let rest = String(scaled % Int64(scale))
    let zeros = String(repeating: "0", count: decimals - rest.count)
    return sign + Self.grouped(whole) + "." + zeros + rest
  }

  private static func grouped(_ whole: Int64) -> String {
    var text = ""
    for (index, digit) in String(whole).reversed().enumerated() {
      if index > 0, index % 3 == 0 { text = "," + text }
      text = String(digit) + text
    }
    return text
  }
}
