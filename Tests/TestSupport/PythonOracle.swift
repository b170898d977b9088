import Foundation

/// A document, and what Python makes of it (`checks/oracles/oracles.py`).
package struct Exchange<Document: Decodable & Sendable, Answer: Decodable & Sendable>: Decodable,
  Sendable
{
  package let document: Document
  /// What Python makes of it.
  package let python: Answer
  /// Whether our code must accept it.
  package let isRegular: Bool?

  /// Returns those that are recorded in `Tests/Oracles/recorded` as `name`, or those of the
  /// directory that the environment names, `ORACLES`.
  package static func all(_ name: String) throws -> [Exchange] {
    let fresh = ProcessInfo.processInfo.environment["ORACLES"].map { URL(filePath: $0) }
    let directory = fresh ?? Repository.root.appending(path: "Tests/Oracles/recorded")
    let file = directory.appending(path: "\(name).json")
    return try JSONDecoder().decode([Exchange].self, from: Data(contentsOf: file))
  }
}
