/// What an agency sends (`PROTOCOL.md`, What an agency sends), or the operator instead.
public enum AgencyMessage: Hashable, Sendable {
  /// Who it is. Comes first, once.
  case hello(version: UInt8, agency: UInt32, key: String)
  /// Bets to store: BATCH or BET.
  case bets(BetBatch)
  /// All its bets, `total` of them, have been sent.
  case finished(total: UInt64)
  /// Asks for its winners.
  case winnersQuery
  /// Asks how the lottery stands; the operator does, on a connection that is no agency's.
  case statusQuery
  /// Asks how long the disk was waited for; the operator does, likewise.
  case syncsQuery

  /// Decodes a frame, its header left out.
  ///
  /// The bets of a batch stay in the frame: ``BetBatch/forEachBet(in:_:)`` reads them.
  ///
  /// - Throws: ``WireError`` where the bytes are no such message.
  public init(frame: Span<UInt8>) throws(WireError) {
    var cursor = frame
    let type = cursor.takeInteger(UInt8.self) ?? 0
    guard let message = try Self.take(type, from: &cursor, in: frame) else {
      throw .bodyTooShort(type)
    }
    guard cursor.isEmpty else { throw .bodyTooLong(type, extra: cursor.count) }
    self = message
  }

  private static func take(
    _ type: UInt8, from cursor: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(WireError) -> AgencyMessage? {
    switch type {
    case MessageType.hello:
      guard let version = cursor.takeInteger(UInt8.self) else { return nil }
      guard version == ProtocolLimits.version else {
        // What follows is that version's own affair.
        _ = cursor.takeRest(in: frame)
        return .hello(version: version, agency: 0, key: "")
      }
      guard let agency = cursor.takeInteger(UInt32.self), let key = cursor.takeText(in: frame)
      else { return nil }
      let bytes = frame.extracting(key)
      guard bytes.isValidUTF8 else { throw .textEncoding(type) }
      return .hello(version: version, agency: agency, key: String(repairing: bytes))
    case MessageType.bet, MessageType.batch:
      return try takeBets(isSingle: type == MessageType.bet, from: &cursor, in: frame)
    case MessageType.finished:
      return cursor.takeInteger(UInt64.self).map { .finished(total: $0) }
    case MessageType.winnersQuery:
      return .winnersQuery
    case MessageType.statusQuery:
      return .statusQuery
    case MessageType.syncsQuery:
      return .syncsQuery
    default:
      throw .unknownType(type)
    }
  }

  private static func takeBets(
    isSingle: Bool, from cursor: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(WireError) -> AgencyMessage? {
    guard let offset = cursor.takeInteger(UInt64.self) else { return nil }
    var count = 1
    if !isSingle {
      guard let given = cursor.takeInteger(UInt16.self) else { return nil }
      guard given > 0 else { throw .emptyBatch }
      count = Int(given)
    }
    let bets = cursor.takeRest(in: frame)
    return .bets(BetBatch(isSingle: isSingle, offset: offset, count: count, bets: bets))
  }
}

extension AgencyMessage {
  /// Appends the frame of a HELLO. The key is at most 255 bytes.
  public static func appendHello(agency: UInt32, key: String, to bytes: inout [UInt8]) {
    let frame = FrameWriter(type: MessageType.hello, to: &bytes)
    bytes.append(ProtocolLimits.version)
    bytes.append(bigEndian: agency)
    bytes.append(text: key.utf8.span)
    frame.finish(&bytes)
  }

  /// Appends the frame of a BET.
  public static func appendBet(_ bet: Bet, offset: UInt64, to bytes: inout [UInt8]) {
    let frame = FrameWriter(type: MessageType.bet, to: &bytes)
    bytes.append(bigEndian: offset)
    bytes.append(bet: bet)
    frame.finish(&bytes)
  }

  /// Appends the frame of a FINISHED.
  public static func appendFinished(total: UInt64, to bytes: inout [UInt8]) {
    let frame = FrameWriter(type: MessageType.finished, to: &bytes)
    bytes.append(bigEndian: total)
    frame.finish(&bytes)
  }

  /// Appends the frame of a WINNERS?.
  public static func appendWinnersQuery(to bytes: inout [UInt8]) {
    FrameWriter(type: MessageType.winnersQuery, to: &bytes).finish(&bytes)
  }

  /// Appends the frame of a STATUS?.
  public static func appendStatusQuery(to bytes: inout [UInt8]) {
    FrameWriter(type: MessageType.statusQuery, to: &bytes).finish(&bytes)
  }

  /// Appends the frame of a SYNCS?.
  public static func appendSyncsQuery(to bytes: inout [UInt8]) {
    FrameWriter(type: MessageType.syncsQuery, to: &bytes).finish(&bytes)
  }
}
