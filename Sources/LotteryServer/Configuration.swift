import LotteryProtocol
import ProcessSupport

struct ServerConfiguration: Equatable {
  var port: UInt16 = 12345
  /// Nothing reads it: the server listens on all addresses.
  var name = "server"
  /// See ``acceptQueue``.
  var listenBacklog: Int32 = 5
  var loggingLevel = LogLevel.info
  var agencies: UInt32 = 5
  var dataDirectory: Path = "."
  var agencyKeys: Path?
  var timeout = Duration.seconds(30)
  var winnersDelay = Duration.zero
  var maxConnections = 16_384
  var maxConnectionsPerAddress = 4096
  /// How long the last messages of a connection may take to arrive. No setting: tests allow more.
  var farewell = Duration.seconds(2)

  /// Connections that the kernel keeps until they are accepted: ``listenBacklog``, but at least one
  /// for each agency, because all may connect at the same moment, and some for others, which may
  /// connect without end. The kernel has a limit of its own (listen(2), `somaxconn`).
  var acceptQueue: Int32 { max(listenBacklog, 128, Int32(min(agencies, 65_535))) }

  /// The log line of the configuration, as the exercises have it.
  var logLine: LogLine {
    LogLine(
      "config", .success,
      [
        "port": "\(port)", "listen_backlog": "\(listenBacklog)",
        "logging_level": loggingLevel.name,
      ])
  }
}

extension ServerConfiguration: ProgramConfiguration {
  static let defaultFile = "config.ini"
  static let dialect = ConfigFile.Dialect.ini
  static func variable(of key: String) -> String { key }

  static let settings: [Setting<Self>] = [
    Setting(
      "SERVER_PORT", \.port, .wholeNumber(0...UInt16.max), "port; with 0 the system chooses one"),
    Setting("SERVER_IP", \.name, .text, "name under which agencies know the server"),
    Setting(
      "SERVER_LISTEN_BACKLOG", \.listenBacklog, .wholeNumber(1...65535),
      "connections that may wait; never fewer than agencies"),
    Setting("LOGGING_LEVEL", \.loggingLevel, .logLevel, "DEBUG, INFO, WARNING, ERROR or CRITICAL"),
    Setting(
      "SERVER_AGENCIES", \.agencies, .wholeNumber(0...UInt32.max),
      "agencies, numbered from 1; with 0 there is no draw"),
    Setting("SERVER_DATA_DIR", \.dataDirectory, .path, "directory of bets.csv and finished.csv"),
    // If the value is empty, most likely a variable of a script is not set. Without keys any client
    // could speak for any agency.
    Setting(
      "SERVER_AGENCY_KEYS", \.agencyKeys, .file("a file; to ask for no keys, do not set it"),
      "file with a line AGENCY:KEY for each agency", .notEmpty),
    Setting(
      "SERVER_TIMEOUT", \.timeout, .duration(.milliseconds(10)...day),
      "time for a peer's first message, and for each begun"),
    Setting(
      "SERVER_WINNERS_DELAY", \.winnersDelay, .duration(.zero...day),
      "time from the draw to the announcement of winners"),
    Setting(
      "SERVER_MAX_CONNECTIONS", \.maxConnections, .wholeNumber(1...1_000_000), "open connections"),
    Setting(
      "SERVER_MAX_CONNECTIONS_PER_ADDRESS", \.maxConnectionsPerAddress, .wholeNumber(1...1_000_000),
      "open connections from one address"),
  ]

  private static let day = Duration.seconds(24 * 3600)
}

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
      guard let colon = text.firstIndex(of: ":"),
        let agency = UInt32(decimal: String(text[..<colon]).utf8.span), agency > 0,
        let key = text[colon...].dropFirst().agencyKey
      else {
        // The line is not shown: it may hold a key.
        throw ConfigurationError(
          file: file, line: number,
          "must be AGENCY:KEY, a number from 1 and 1 to \(ProtocolLimits.textSize) bytes")
      }
      guard keys.updateValue(Array(key.utf8), forKey: agency) == nil else {
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
}
