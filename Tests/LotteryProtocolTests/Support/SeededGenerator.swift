/// Random numbers that are the same in every run (splitmix64), so that a failure can be repeated.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

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

  /// One of `choices`, which are not empty.
  mutating func pick<Choice>(_ choices: [Choice]) -> Choice {
    choices[Int.random(in: choices.indices, using: &self)]
  }
}
