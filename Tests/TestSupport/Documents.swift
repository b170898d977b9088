import Foundation
package import ProcessSupport
import Testing

/// Expects that the configuration file in `config` names all settings of a program with their
/// defaults, if only in a comment. No line of `--help` is too long.
///
/// - Parameter others: the keys that have other values there.
package func expectDocuments<C: ProgramConfiguration>(of program: C.Type, others: [String]) throws {
  let path = Repository.root.appending(path: "config/\(C.defaultFile)")
  let lines = try String(contentsOf: path, encoding: .utf8).split(separator: "\n")
    .map { $0.drop { $0 == "#" || $0 == " " }.replacing("\"", with: "") }
  for setting in C.settings {
    let name = setting.key.split(separator: ".").last ?? ""
    let start = "\(name)\(C.dialect == .ini ? " =" : ":") "
    let isDefault = !setting.initial.isEmpty && !others.contains(setting.key)
    #expect(
      lines.contains { isDefault ? $0 == start + setting.initial : $0.hasPrefix(start) },
      "\(setting.key)")
  }
  for line in C.help.split(separator: "\n") { #expect(line.count <= 100) }
}
