import Glibc

extension FuzzTarget {
  /// The target that the environment names; all of them are in one program.
  static let chosen: FuzzTarget = {
    guard let name = getenv("FUZZ_TARGET"), let target = FuzzTarget(rawValue: String(cString: name))
    else { fatalError("FUZZ_TARGET must be one of \(allCases.map(\.rawValue))") }
    return target
  }()
}

/// What libFuzzer calls, over and over.
///
/// - Parameter bytes: `size` bytes, lent for this call and not to be written to.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ bytes: UnsafePointer<UInt8>, _ size: Int) -> CInt {
  FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: bytes, count: size)))
  return 0
}
