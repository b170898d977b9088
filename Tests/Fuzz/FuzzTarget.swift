/// Something that must hold whatever the bytes are.
enum FuzzTarget: String, CaseIterable, Codable {
  case frames, session, csv, ini, yaml, keys, duration, search

  /// Traps if `bytes` show that something does not hold.
  func run(_ bytes: [UInt8]) {
    switch self {
    case .frames: fuzzFrames(bytes)
    case .session: fuzzSession(bytes)
    case .csv: fuzzCSV(bytes)
    case .ini: fuzzINI(bytes)
    case .yaml: fuzzYAML(bytes)
    case .keys: fuzzKeys(bytes)
    case .duration: fuzzDuration(bytes)
    case .search: fuzzSearch(bytes)
    }
  }
}

/// Traps unless `left` and `right` are equal, and says what they are: libFuzzer keeps the input.
func expectEqual<Value: Equatable>(
  _ left: Value, _ right: Value, _ what: @autoclosure () -> String
) {
  // Unlike `precondition`, this prints its message in a release build, too.
  guard left == right else { fatalError("\(what()):\n  \(left)\n  \(right)") }
}

/// The input as a source of decisions: bytes taken off its front, zeros once it is used up.
struct FuzzInput {
  private var rest: ArraySlice<UInt8>

  init(_ bytes: [UInt8]) {
    rest = bytes[...]
  }

  var isEmpty: Bool { rest.isEmpty }

  mutating func next() -> UInt8 { rest.popFirst() ?? 0 }

  /// A number below `limit`, which is at most 256.
  mutating func next(below limit: Int) -> Int { Int(next()) % limit }

  /// Up to `count` bytes.
  mutating func take(_ count: Int) -> [UInt8] {
    defer { rest = rest.dropFirst(count) }
    return Array(rest.prefix(count))
  }
}
