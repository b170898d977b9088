import Foundation

/// What Python thinks, asked through a script in `Tests/Oracles`: JSON in, JSON out.
public enum PythonOracle {
  /// Python could not be asked. A test that cannot ask fails.
  public struct Failure: Error {
    let script: String
    let ending: ChildProcess.Ending
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
    let path = Repository.root.appending(path: "Tests/Oracles").appending(path: script).path()
    let python = try ChildProcess("python3", [path] + arguments, input: input.path())
    var answers = Data()
    let ending = python.wait { answers += $0 }
    guard ending == .exit(0) else { throw Failure(script: script, ending: ending) }
    return try JSONDecoder().decode([Answer].self, from: answers)
  }
}
