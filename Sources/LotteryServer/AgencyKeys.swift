import LotteryProtocol
import ProcessSupport

/// The keys that agencies must show (`PROTOCOL.md`, What an agency sends).
///
/// Read from a file with a line `agency:key` for each agency. Blank lines and lines that begin with
/// `#` are skipped. A key is 1 to 255 bytes.
struct AgencyKeys: Sendable, Equatable {
  private var keys: [UInt32: [UInt8]] = [:]

  /// The largest file of keys, in bytes: room for the longest key of each of 100,000 agencies.
  static let fileSizeLimit = 32 * 1024 * 1024

  /// Reads the keys in `bytes`, which errors call `file`. Each of the agencies 1 to `agencies` must
  /// have one.
  init(_ bytes: [UInt8], file: String, agencies: UInt32) throws(ConfigurationError) {
    for (number, line) in try ConfigFile.lines(bytes, file: file) {
      let text = line.trimmed { $0 == " " || $0 == "\t" }
      guard let first = text.first, first != "#" else { continue }
      let (agency, key) = try Self.entry(text, file: file, line: number)
      guard keys.updateValue(key, forKey: agency) == nil else {
        throw ConfigurationError(file: file, line: number, "agency \(agency) has two keys")
      }
    }
    for agency in 0..<agencies where keys[agency + 1] == nil {
      throw ConfigurationError(file: file, line: 1, "agency \(agency + 1) has no key")
    }
  }

  /// Returns whether `key` is that of `agency`, in the same time for any wrong key, so that the
  /// time reveals nothing about the right one.
  func admit(_ agency: UInt32, key: String) -> Bool {
    let right = keys[agency] ?? []
    let given = Array(key.utf8)
    var difference = UInt8(right.count == given.count && !right.isEmpty ? 0 : 1)
    for index in 0..<ProtocolLimits.textSize {
      difference |=
        (index < right.count ? right[index] : 0) ^ (index < given.count ? given[index] : 0)
    }
    return difference == 0
  }

  private static func entry(
    _ text: ConfigFile.Text, file: String, line: Int
  ) throws(ConfigurationError) -> (UInt32, [UInt8]) {
    let rule = "must be AGENCY:KEY, a number from 1 and 1 to \(ProtocolLimits.textSize) bytes"
    // The line is not shown: it may hold a key.
    guard let colon = text.firstIndex(of: ":"),
      let agency = UInt32(decimal: String(text[..<colon]).utf8.span), agency > 0
    else { throw ConfigurationError(file: file, line: line, rule) }
    guard let key = text[colon...].dropFirst().agencyKey else {
      throw ConfigurationError(file: file, line: line, rule)
    }
    return (agency, Array(key.utf8))
  }
}
