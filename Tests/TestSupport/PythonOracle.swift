import Foundation

/// What Python thinks, asked through a script in `Tests/Oracles`: JSON in, JSON out.
public enum PythonOracle {
  /// Python could not be asked. A test that cannot ask fails.
  public struct Failure: Error {
    let script: String
    let status: Int32
  }

  /// The answers of `script` to `cases`, which it gets all at once.
  public static func ask<Case: Encodable, Answer: Decodable>(
    _ script: String, _ arguments: [String] = [], about cases: [Case],
    for _: Answer.Type = Answer.self
  ) throws -> [Answer] {
    // A file and not a pipe: Python may answer before it has read everything.
    let input = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try JSONEncoder().encode(cases).write(to: input)
    defer { try? FileManager.default.removeItem(at: input) }
    let output = Pipe()
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    let path = Repository.root.appending(path: "Tests/Oracles").appending(path: script).path()
    process.arguments = ["python3", path] + arguments
    process.standardInput = try FileHandle(forReadingFrom: input)
    process.standardOutput = output
    try process.run()
    let answers = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(script: script, status: process.terminationStatus)
    }
    return try JSONDecoder().decode([Answer].self, from: answers)
  }
}
