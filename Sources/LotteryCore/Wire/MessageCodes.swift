/// The type byte of a frame (`PROTOCOL.md`, What an agency sends, What the server sends, The
/// status).
enum MessageType {
  static let hello: UInt8 = 0x01
  static let bet: UInt8 = 0x02
  static let batch: UInt8 = 0x03
  static let finished: UInt8 = 0x04
  static let winnersQuery: UInt8 = 0x05

  static let welcome: UInt8 = 0x81
  static let stored: UInt8 = 0x82
  static let rejected: UInt8 = 0x83
  static let confirmed: UInt8 = 0x84
  static let winners: UInt8 = 0x85
  static let error: UInt8 = 0x8F

  static let statusQuery: UInt8 = 0x10
  static let status: UInt8 = 0x90
  static let syncsQuery: UInt8 = 0x11
  static let syncs: UInt8 = 0x91
}

/// Why a batch was not stored, in REJECTED. The connection stays open.
public enum RejectionCode: UInt8, Sendable, CaseIterable {
  /// A field of a bet breaks its rule.
  case ruleBroken = 1
  /// The server could not store it: disk full, I/O error.
  case notStored = 2
  /// The offset is not the number of bets stored.
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
  /// The server is shutting down.
  case shuttingDown = 8
  /// No complete message in time.
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
