// Every number of the wire contract: its limits, and the codes in its messages.

/// The limits. Sizes are in bytes.
public enum ProtocolLimits {
  /// The version that HELLO and WELCOME carry.
  public static let version: UInt8 = 1
  /// The largest packet, its header included: "8 kB" in its strictest reading (`PROTOCOL.md`,
  /// Framing).
  public static let packetSize = 8000
  /// The length field in front of every frame.
  public static let frameHeaderSize = 4
  /// The lengths a frame may announce: a type byte at least, a packet of `packetSize` at most.
  public static let frameLength = 1...(packetSize - frameHeaderSize)
  /// A text carries its length in one byte.
  public static let textSize = 255
  /// Digits in a document.
  public static let documentDigits = 1...20
  /// The years a birthdate may lie in: those that four digits can write. Computed: a stored range
  /// would be initialized lazily, and looked at for each date.
  public static var years: ClosedRange<UInt16> { 1...9999 }
  /// A line of the echo service, its line feed included (`PROTOCOL.md`, One port, two services).
  public static let echoLineSize = 8000
  /// Bets in one batch: the count is 16 bits wide.
  public static let batchCount = 1...Int(UInt16.max)
  /// Batches in flight: sent and not answered yet.
  public static let window = 1...1024
  /// A row of a CSV file, its line end included. Five texts of 255 bytes, all quotes doubled, fit.
  public static let csvRowSize = 4096
}

/// The type byte of a frame (`PROTOCOL.md`, What an agency sends, What the server sends).
public enum MessageType: UInt8, Sendable, CaseIterable {
  case hello = 0x01
  case bet = 0x02
  case batch = 0x03
  case finished = 0x04
  case winnersQuery = 0x05
  case statusQuery = 0x10

  case welcome = 0x81
  case stored = 0x82
  case rejected = 0x83
  case confirmed = 0x84
  case winners = 0x85
  case error = 0x8F
  case status = 0x90

  /// The name that the contract gives it: `WINNERS?` is the agency's query.
  public var name: String {
    switch self {
    case .hello: "HELLO"
    case .bet: "BET"
    case .batch: "BATCH"
    case .finished: "FINISHED"
    case .winnersQuery: "WINNERS?"
    case .statusQuery: "STATUS?"
    case .welcome: "WELCOME"
    case .stored: "STORED"
    case .rejected: "REJECTED"
    case .confirmed: "CONFIRMED"
    case .winners: "WINNERS"
    case .error: "ERROR"
    case .status: "STATUS"
    }
  }
}

/// Why a batch was not stored, in REJECTED, which ends the connection.
public enum RejectionCode: UInt8, Sendable, CaseIterable {
  /// A field of a bet breaks its rule.
  case ruleBroken = 1
  /// The server could not store it: disk full, I/O error.
  case notStored = 2
  /// The offset is greater than the number of bets stored.
  case outOfSequence = 3
  /// The agency has said FINISHED.
  case agencyFinished = 4
}

/// Why the server ends a connection, in ERROR.
public enum ErrorCode: UInt8, Sendable, CaseIterable {
  /// A message that cannot be decoded.
  case malformed = 1
  /// A protocol version that the server does not speak.
  case version = 2
  /// No such agency in this lottery.
  case unknownAgency = 3
  /// The key is not the agency's.
  case wrongKey = 4
  /// This message does not fit here.
  case notNow = 5
  /// FINISHED with another total than the server stored.
  case totalsDiffer = 6
  /// A newer connection of this agency took over.
  case superseded = 7
  /// The server is shutting down, or cannot read or write its files.
  case shuttingDown = 8
  /// No complete message in time, or answers not taken in time.
  case tooSlow = 9
}

/// How far an agency is, in WELCOME.
public enum AgencyState: UInt8, Sendable, CaseIterable {
  /// Its bets are taken.
  case open = 0
  /// It has finished; the draw is still to come.
  case finished = 1
  /// The draw has been held.
  case drawn = 2
}
