import ProcessSupport

@testable import AgencyClient

/// A document that is taken says the same when it is written anew from what was read out of it,
/// each value in quotes behind its full key.
func fuzzYAML(_ bytes: [UInt8]) {
  guard let settings = try? YAMLDocument(bytes, file: "f").settings else { return }
  var text = ""
  for setting in settings { text += "\(setting.key): \(quoted(setting.value))\n" }
  let again = (try? YAMLDocument(Array(text.utf8), file: "f"))?.settings
  expectEqual(again.map(pairs), pairs(settings), "written as \(text.debugDescription)")
}

private func quoted(_ value: String) -> String {
  var text = "\""
  for scalar in value.unicodeScalars {
    if scalar == "\"" || scalar == "\\" { text += "\\" }
    text.unicodeScalars.append(scalar)
  }
  return text + "\""
}

private func pairs(_ settings: [Setting]) -> [[String]] {
  settings.map { [$0.key, $0.value] }
}
