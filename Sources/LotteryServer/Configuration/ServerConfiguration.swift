import LotteryCore
import ProcessSupport

/// What the operator decides about the server.
struct ServerConfiguration: Equatable {
  /// The port to listen on; 0 lets the system choose one.
  var port: UInt16 = 12345
  /// Connections that may wait to be accepted; see ``acceptQueue``.
  var listenBacklog: Int32 = 5
  /// What is logged.
  var loggingLevel = LogLevel.info
  /// The agencies that take part are numbered from 1 to this. With 0 there is no draw.
  var agencies: UInt32 = 5
  /// Where `bets.csv` and `finished.csv` lie.
  var dataDirectory = "."
  /// What an acknowledgement promises.
  var durability = Durability.disk
  /// The file with the agencies' keys; none are asked for where there is none.
  var agencyKeys: String?
  /// How long a peer may take for its first message, and for each that it has begun.
  var timeout = Duration.seconds(30)
  /// The time from the draw to the announcement of its winners.
  var winnersDelay = Duration.zero
  /// Connections that may be open at once; others wait in the kernel's queue.
  var maxConnections = 16_384
  /// Connections that may be open at once from one address; others are closed.
  var maxConnectionsPerAddress = 4096
}

extension ServerConfiguration {
  /// The file that is read where no other is named.
  static let defaultFile = "config.ini"

  /// Reads it.
  init(_ settings: inout Settings) throws(ConfigurationError) {
    try settings.read("SERVER_PORT", .wholeNumber(0...UInt16.max), into: &port)
    // The name under which the agencies know the server, which itself listens on all addresses.
    _ = try settings.value("SERVER_IP", "SERVER_IP", .text)
    try settings.read("SERVER_LISTEN_BACKLOG", .wholeNumber(1...65535), into: &listenBacklog)
    try settings.read("LOGGING_LEVEL", .logLevel, into: &loggingLevel)
    try settings.read("SERVER_AGENCIES", .wholeNumber(0...UInt32.max), into: &agencies)
    try settings.read("SERVER_DATA_DIR", .text, into: &dataDirectory)
    try settings.read("SERVER_DURABILITY", .word, into: &durability)
    agencyKeys = try settings.value(
      "SERVER_AGENCY_KEYS", "SERVER_AGENCY_KEYS", Self.keysFile, acceptsEmpty: true)
    try settings.read("SERVER_TIMEOUT", .duration(Self.timeouts), into: &timeout)
    try settings.read("SERVER_WINNERS_DELAY", .duration(Self.delays), into: &winnersDelay)
    try settings.read("SERVER_MAX_CONNECTIONS", .wholeNumber(1...1_000_000), into: &maxConnections)
    try settings.read(
      "SERVER_MAX_CONNECTIONS_PER_ADDRESS", .wholeNumber(1...1_000_000),
      into: &maxConnectionsPerAddress)
  }

  /// Connections that the kernel keeps until they are accepted: ``listenBacklog``, but room for all
  /// agencies at least, which may come at the same moment. The kernel has a limit of its own
  /// (listen(2), `somaxconn`).
  var acceptQueue: Int32 { max(listenBacklog, Int32(min(agencies, 65_535))) }

  private static let timeouts = Duration.milliseconds(10)...Duration.seconds(24 * 3600)
  private static let delays = Duration.zero...Duration.seconds(24 * 3600)

  /// An empty value is an error: it would open the lottery to everyone, and more likely a variable
  /// of a script is not set.
  private static let keysFile = ValueRule<String>("a file; to ask for no keys, do not set it") {
    $0.isEmpty ? nil : $0
  }

  /// The line that tells how the server is configured, to the letter of the exercises.
  var logLine: LogLine {
    LogLine(
      "config", .success,
      [
        "port": "\(port)", "listen_backlog": "\(listenBacklog)",
        "logging_level": loggingLevel.name,
      ])
  }
}
