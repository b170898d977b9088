import ProcessSupport

/// A document that is taken says the same when it is written anew from what was read out of it.
func fuzzINI(_ bytes: [UInt8]) {
  guard let entries = try? ConfigFile(bytes, file: "f", dialect: .ini).entries else { return }
  var text = "[DEFAULT]\n"
  var section = "[DEFAULT]"
  for entry in entries {
    let parts = entry.key.split(separator: " ")
    let next = parts.count == 2 ? String(parts[0]) : "[DEFAULT]"
    if next != section { text += "\(next)\n" }
    section = next
    text += "\(parts[parts.count - 1]) = \(entry.value)\n"
  }
  let again = (try? ConfigFile(Array(text.utf8), file: "f", dialect: .ini))?.entries
  expectEqual(again.map(pairs), pairs(entries), "written as \(text.debugDescription)")
}

/// A document that is taken says the same when it is written anew from what was read out of it,
/// each value in quotes after its full key.
func fuzzYAML(_ bytes: [UInt8]) {
  guard let entries = try? ConfigFile(bytes, file: "f", dialect: .yaml).entries else { return }
  var text = ""
  for entry in entries { text += "\(entry.key): \(quoted(entry.value))\n" }
  let again = (try? ConfigFile(Array(text.utf8), file: "f", dialect: .yaml))?.entries
  expectEqual(again.map(pairs), pairs(entries), "written as \(text.debugDescription)")
}

private func quoted(_ value: String) -> String {
  var text = "\""
  for scalar in value.unicodeScalars {
    if scalar == "\"" || scalar == "\\" { text += "\\" }
    text.unicodeScalars.append(scalar)
  }
  return text + "\""
}

private func pairs(_ entries: [ConfigFile.Entry]) -> [[String]] {
  entries.map { [$0.key, $0.value] }
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
