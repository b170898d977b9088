import Glibc

/// Something that must hold whatever the bytes are.
enum FuzzTarget: String, CaseIterable {
  case frames, session, csv, ini, yaml, keys, duration, search

  /// The target that the environment names; all of them are in one program.
  static let chosen: FuzzTarget = {
    guard let name = getenv("FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name))
    else { fatalError("FUZZ_TARGET must be one of \(allCases.map(\.rawValue))") }
    return target
  }()

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

/// What libFuzzer calls, over and over.
///
/// - Parameter bytes: `size` bytes, lent for this call and not to be written to.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: bytes, count: size)))
  return 0
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
