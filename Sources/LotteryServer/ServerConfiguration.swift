import LotteryProtocol
import ProcessSupport

/// The server's configuration.
struct ServerConfiguration: Equatable {
  /// The port to listen on. With 0 the system chooses one.
  var port: UInt16 = 12345
  /// Connections that may wait to be accepted. See ``acceptQueue``.
  var listenBacklog: Int32 = 5
  /// The least important level that is logged.
  var loggingLevel = LogLevel.info
  /// The agencies that take part are numbered from 1 to this. With 0 there is no draw.
  var agencies: UInt32 = 5
  /// The directory of `bets.csv` and `finished.csv`.
  var dataDirectory = "."
  /// The file with the agencies' keys, or nil if no keys are asked for.
  var agencyKeys: String?
  /// How long a peer may take for its first message, and for each that it has begun.
  var timeout = Duration.seconds(30)
  /// The time from the draw to the announcement of its winners.
  var winnersDelay = Duration.zero
  /// Connections that may be open at once. Others wait in the kernel's queue.
  var maxConnections = 16_384
  /// Connections that may be open at once from one address. Others are closed.
  var maxConnectionsPerAddress = 4096
}

extension ServerConfiguration {
  /// The file that is read if no other is named.
  static let defaultFile = "config.ini"

  /// Reads the configuration.
  init(_ settings: inout Settings) throws(ConfigurationError) {
    try settings.read("SERVER_PORT", .wholeNumber(0...UInt16.max), into: &port)
    // The name under which the agencies know the server, which itself listens on all addresses.
    _ = try settings.value("SERVER_IP", "SERVER_IP", .text)
    try settings.read("SERVER_LISTEN_BACKLOG", .wholeNumber(1...65535), into: &listenBacklog)
    try settings.read("LOGGING_LEVEL", .logLevel, into: &loggingLevel)
    try settings.read("SERVER_AGENCIES", .wholeNumber(0...UInt32.max), into: &agencies)
    try settings.read("SERVER_DATA_DIR", .text, into: &dataDirectory)
    agencyKeys = try settings.value(
      "SERVER_AGENCY_KEYS", "SERVER_AGENCY_KEYS", Self.keysFile, acceptsEmpty: true)
    try settings.read("SERVER_TIMEOUT", .duration(Self.timeouts), into: &timeout)
    try settings.read("SERVER_WINNERS_DELAY", .duration(Self.delays), into: &winnersDelay)
    try settings.read("SERVER_MAX_CONNECTIONS", .wholeNumber(1...1_000_000), into: &maxConnections)
    try settings.read(
      "SERVER_MAX_CONNECTIONS_PER_ADDRESS", .wholeNumber(1...1_000_000),
      into: &maxConnectionsPerAddress)
  }

  /// Connections that the kernel keeps until they are accepted: ``listenBacklog``, but at least one
  /// for each agency, because all may connect at the same moment. The kernel has a limit of its own
  /// (listen(2), `somaxconn`).
  var acceptQueue: Int32 { max(listenBacklog, Int32(min(agencies, 65_535))) }

  private static let timeouts = Duration.milliseconds(10)...Duration.seconds(24 * 3600)
  private static let delays = Duration.zero...Duration.seconds(24 * 3600)

  /// An empty value is an error: most likely a variable of a script is not set, and without keys
  /// any client could speak for any agency.
  private static let keysFile = ValueRule<String>("a file; to ask for no keys, do not set it") {
    $0.isEmpty ? nil : $0
  }

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
