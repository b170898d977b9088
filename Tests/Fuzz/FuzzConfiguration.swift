import ProcessSupport

@testable import AgencyClient
@testable import LotteryServer

/// A document that is taken says the same when it is written anew from what was read out of it.
func fuzzINI(_ bytes: [UInt8]) {
  guard let sections = try? INIDocument(bytes, file: "f").sections else { return }
  var text = ""
  for (section, settings) in sections {
    text += "[\(section)]\n"
    for setting in settings { text += "\(setting.key) = \(setting.value)\n" }
  }
  expectEqual(values(text), sections.mapValues(pairs), "written as \(text.debugDescription)")
}

private func values(_ text: String) -> [String: [[String]]]? {
  (try? INIDocument(Array(text.utf8), file: "f"))?.sections.mapValues(pairs)
}

/// A document that is taken says the same when it is written anew from what was read out of it,
/// each value in quotes after its full key.
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

/// What is read as a duration is written as a text that is read as the same duration.
func fuzzDuration(_ bytes: [UInt8]) {
  let text = String(decoding: bytes, as: UTF8.self)
  guard let duration = Duration(goText: text) else { return }
  let written = duration.goText
  expectEqual(Duration(goText: written), duration, "\(text) is written \(written)")
  expectEqual(Duration(goText: written)?.goText, written, "written twice")
  if duration > .zero {
    expectEqual(Duration(goText: "-" + written), .zero - duration, "the sign of \(written)")
  }
}
