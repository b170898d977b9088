import TestSupport

extension SeededGenerator {
  /// A text of up to `limit` characters, quotes, separators and letters of several bytes among them.
  mutating func text(limit: Int) -> String {
    let alphabet: [Character] = ["a", "Z", " ", ",", "\"", "'", ";", "ñ", "é", "水", "🎲", "-", "0"]
    return String((0..<Int.random(in: 0...limit, using: &self)).map { _ in pick(alphabet) })
  }

  /// 1 to 20 digits.
  mutating func document() -> String {
    String((0..<Int.random(in: 1...20, using: &self)).map { _ in pick(Array("0123456789")) })
  }
}
