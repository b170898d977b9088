import Foundation
import Testing

/// A document, and what Python makes of it (`checks/oracles/oracles.py`).
package struct Exchange<Document: Decodable & Sendable, Answer: Decodable & Sendable>: Decodable,
  Sendable
{
  /// The document.
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

/// Expects that Python reads the configuration documents of `oracle` as `read` does: the keys and
/// values, or nil if our code refuses a document, which it may unless it is regular.
package func expectSameAsPython(
  _ oracle: String, read: (String) -> [String: String]?
) throws {
  let exchanges = try Exchange<String, [String: String]?>.all(oracle)
  var accepted = 0
  for exchange in exchanges {
    let text = exchange.document.debugDescription
    let ours = read(exchange.document)
    #expect(ours != nil || exchange.isRegular != true, "refused: \(text)")
    guard let ours else { continue }
    accepted += 1
    #expect(ours == exchange.python, "document: \(text)")
  }
  #expect(accepted > exchanges.count / 3, "too few are accepted for the test to mean something")
}
