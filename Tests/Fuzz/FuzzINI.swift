import ProcessSupport

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

private func pairs(_ settings: [Setting]) -> [[String]] {
  settings.map { [$0.key, $0.value] }
}
