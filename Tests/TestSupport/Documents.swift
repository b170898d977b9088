import Foundation
package import ProcessSupport
import Testing

/// Expects that the table under `heading` of `docs/operating.md` lists the settings of a program,
/// with their variables if these are not their keys, and their defaults, and that its configuration
/// file names them all, if only in a comment. No line of `--help` is too long.
package func expectDocuments<C: ProgramConfiguration>(of program: C.Type, under heading: String)
  throws
{
  func lines(of path: String) throws -> [Substring] {
    try String(contentsOf: Repository.root.appending(path: path), encoding: .utf8)
      .split(separator: "\n", omittingEmptySubsequences: false)
  }
  let rows = try lines(of: "docs/operating.md").drop { $0 != heading }.drop { !$0.hasPrefix("| `") }
    .prefix { $0.hasPrefix("|") }
    .map { row in
      row.split(separator: "|").dropLast().map { cell in
        cell.trimmingCharacters(in: CharacterSet(charactersIn: " `"))
      }
    }
  let isINI = C.dialect == .ini
  #expect(
    rows == C.settings.map { [$0.key] + (isINI ? [] : [C.variable(of: $0.key)]) + [$0.initial] })
  let file = try lines(of: "config/\(C.defaultFile)").map { $0.drop { $0 == "#" || $0 == " " } }
  for setting in C.settings {
    let name = setting.key.split(separator: ".").last ?? ""
    #expect(file.contains { $0.hasPrefix(isINI ? "\(name) =" : "\(name):") }, "\(setting.key)")
  }
  for line in C.help.split(separator: "\n") { #expect(line.count <= 100) }
}
