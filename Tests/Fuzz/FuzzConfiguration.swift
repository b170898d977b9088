import ProcessSupport

/// A document that is taken says the same when it is written anew from what was read out of it.
func fuzzINI(_ bytes: [UInt8]) {
  check(bytes, .ini) { entries in
    var (text, section) = ("[DEFAULT]\n", "[DEFAULT]")
    for entry in entries {
      let parts = entry.key.split(separator: " ")
      let next = parts.count == 2 ? String(parts[0]) : "[DEFAULT]"
      if next != section { text += "\(next)\n" }
      section = next
      text += "\(parts[parts.count - 1]) = \(entry.value)\n"
    }
    return text
  }
}

/// Likewise, each value in quotes after its full key.
func fuzzYAML(_ bytes: [UInt8]) {
  check(bytes, .yaml) { $0.map { "\($0.key): \(quoted($0.value))\n" }.joined() }
}

private func check(
  _ bytes: [UInt8], _ dialect: ConfigFile.Dialect, write: ([ConfigFile.Entry]) -> String
) {
  guard let entries = try? ConfigFile(bytes, file: "f", dialect: dialect).entries else { return }
  let text = write(entries)
  let again = try? ConfigFile(Array(text.utf8), file: "f", dialect: dialect).entries
  expectEqual(
    again?.map { [$0.key, $0.value] }, entries.map { [$0.key, $0.value] },
    "written as \(text.debugDescription)")
}

private func quoted(_ value: String) -> String {
  var text = "\""
  for scalar in value.unicodeScalars {
    if scalar == "\"" || scalar == "\\" { text += "\\" }
    text.unicodeScalars.append(scalar)
  }
  return text + "\""
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
