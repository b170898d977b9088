import Foundation

/// What the repository's documents say of the settings.
package enum Documents {
  /// The rows of the table under `heading` in `docs/operating.md`, without their last column.
  package static func settings(under heading: String) throws -> [[String]] {
    try lines(of: "docs/operating.md").drop { $0 != heading }.drop { !$0.hasPrefix("| `") }
      .prefix { $0.hasPrefix("|") }
      .map { row in
        row.split(separator: "|").dropLast().map { cell in
          cell.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
        }
      }
  }

  /// Whether a line of the configuration file, or a comment in it, begins with `text`.
  package static func configuration(_ file: String, holds text: String) throws -> Bool {
    try lines(of: "config/\(file)").contains { line in
      line.drop { $0 == "#" || $0 == " " }.hasPrefix(text)
    }
  }

  private static func lines(of path: String) throws -> [Substring] {
    try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
  }
}
