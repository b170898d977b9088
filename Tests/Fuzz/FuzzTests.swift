import Foundation
import Testing
import TestSupport

/// Each target over its corpus and over what a seed makes of it: what `make fuzz` does for longer.
@Suite struct FuzzTests {
  /// A target traps, which must not end the other tests: it runs in a process of its own.
  @Test(arguments: FuzzTarget.allCases)
  func `what must hold holds for the corpus and for mutations of it`(
    target: FuzzTarget
  ) async throws {
    let directory = TemporaryDirectory()
    let report = directory.file("report")
    let result = await #expect(processExitsWith: .success) { [target, report = report as String] in
      dup2(creat(report, 0o600), STDERR_FILENO)
      let corpus = try Self.corpus(of: target)
      for input in corpus { target.run(input) }
      var random = SeededGenerator(seed: 20)
      // A second or two in a debug build.
      for _ in 0..<600 { target.run(Self.mutated(corpus, using: &random)) }
    }
    let text = String(decoding: try directory.read("report"), as: UTF8.self)
    if result == nil { Issue.record("\(text.prefix(4000))") }
  }

  private static func corpus(of target: FuzzTarget) throws -> [[UInt8]] {
    let folder = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "corpus/\(target.rawValue)")
    return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
      .sorted { $0.path < $1.path }
      .map { Array(try Data(contentsOf: $0)) }
  }

  /// An input of `corpus` in which bytes are changed, inserted, left out, repeated, or taken from
  /// another one.
  private static func mutated(
    _ corpus: [[UInt8]], using random: inout SeededGenerator
  ) -> [UInt8] {
    var bytes = random.pick(corpus)
    for _ in 0..<random.pick([1, 1, 2, 4]) {
      let start = Int.random(in: 0...bytes.count, using: &random)
      let end = min(bytes.count, start + random.pick([0, 1, 1, 2, 8, 60]))
      let other = random.pick(corpus)
      let bytesBetween: [[UInt8]] = [
        [], [random.pick(Array(",\"\r\n -:/09x".utf8) + [0, 0x1F, 0x7F, 0xC3, 0xFF])],
        [.random(in: 0...255, using: &random)], Array(bytes[start..<end] + bytes[start..<end]),
        Array(other.prefix(.random(in: 0...other.count, using: &random))),
      ]
      bytes.replaceSubrange(start..<end, with: random.pick(bytesBetween))
    }
    return Array(bytes.prefix(9000))
  }
}
