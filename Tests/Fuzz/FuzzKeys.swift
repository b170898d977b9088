import LotteryProtocol
import ProcessSupport

@testable import LotteryServer

/// A file of keys that is taken admits each agency with the key that follows its number, byte
/// for byte, and with no other. Why a file is refused tells nothing of the keys in it.
///
/// The first byte is the number of agencies, which a digit up to 8 says as it is read.
func fuzzKeys(_ bytes: [UInt8]) {
  var input = FuzzInput(bytes)
  let agencies = UInt32(input.next() & 0x0F) % 9
  let file = input.take(bytes.count)
  let listed = listedKeys(file, agencies: agencies)
  do throws(ConfigurationError) {
    let keys = try AgencyKeys(file, file: "f", agencies: agencies)
    guard let listed else { fatalError("taken, though it breaks a rule") }
    for agency in 0...agencies + 1 { checkAdmission(keys, agency, listed, agencies: agencies) }
  } catch {
    if file.allSatisfy(isPlain) { expectEqual(listed, nil, "refused with \(error)") }
  }
}

/// The keys that a file lists, or nil if it breaks a rule.
private func listedKeys(_ file: [UInt8], agencies: UInt32) -> [UInt32: [UInt8]]? {
  var keys: [UInt32: [UInt8]] = [:]
  for var line in file.split(separator: UInt8(ascii: "\n")) {
    if line.last == UInt8(ascii: "\r") { line.removeLast() }
    while let last = line.last, isBlank(last) { line.removeLast() }
    line = line.drop(while: isBlank)
    if line.isEmpty || line.first == UInt8(ascii: "#") { continue }
    let parts = line.split(
      separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, parts[0].allSatisfy(\.isDigit),
      let agency = UInt32(String(decoding: parts[0], as: UTF8.self)), agency > 0,
      case let key = parts[1].drop(while: isBlank), (1...255).contains(key.count),
      keys.updateValue(Array(key), forKey: agency) == nil
    else { return nil }
  }
  return (0..<agencies).allSatisfy { keys[$0 + 1] != nil } ? keys : nil
}

private func checkAdmission(
  _ keys: AgencyKeys, _ agency: UInt32, _ listed: [UInt32: [UInt8]], agencies: UInt32
) {
  let key = listed[agency] ?? []
  var guesses = (0...agencies + 1).compactMap { listed[$0] } + [key, key + [0], key + key]
  for index in key.indices {
    var changed = key
    changed[index] ^= 1
    guesses += [changed, Array(key[..<index])]
  }
  for guess in guesses {
    // A guess that is not UTF-8 becomes another one that is.
    let text = String(decoding: guess, as: UTF8.self)
    let admitted = keys.admit(agency, key: text)
    expectEqual(admitted, listed[agency] == Array(text.utf8), "\(agency):\(text.debugDescription)")
  }
}

private func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == 0x09 }

/// Whether it is ASCII that any configuration may hold, wherever it stands.
private func isPlain(_ byte: UInt8) -> Bool {
  (0x20...0x7E).contains(byte) || byte == 0x09 || byte == UInt8(ascii: "\n")
}
