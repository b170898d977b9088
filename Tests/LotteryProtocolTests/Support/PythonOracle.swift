import Foundation
import Testing

/// Python's opinion, from the script in `Tests/Oracles`.
enum PythonOracle {
  /// Feeds all `cases` to one run of the script and returns its answers, in the same order.
  ///
  /// A test that cannot ask Python fails: there is no going on without the answer.
  static func ask<Case: Encodable, Answer: Decodable>(
    _ question: String, _ cases: [Case], for _: Answer.Type = Answer.self,
    file: String = #filePath
  ) throws -> [Answer] {
    let script = URL(fileURLWithPath: file).deletingLastPathComponent()
      .appendingPathComponent("../../Oracles/csv_oracle.py").standardized
    let input = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
    try JSONEncoder().encode(cases).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["python3", script.path, question]
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = output
    try process.run()
    let answers = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0, "python3 \(script.path) failed")
    return try JSONDecoder().decode([Answer].self, from: answers)
  }
}
