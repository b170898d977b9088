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
}

extension MessageType: CustomStringConvertible {
  /// The name that the contract gives it.
  public var description: String {
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
