/// A message from an agency (`PROTOCOL.md`, What an agency sends) or from the operator.
public enum AgencyMessage: WireMessage {
  /// HELLO: says which agency it is. Comes first, once. The key is at most 255 bytes.
  case hello(agency: UInt32, key: String)
  /// HELLO of another version, whose other fields are unknown.
  case otherVersion(UInt8)
  /// BATCH or BET: bets to store. They stay in the frame: see ``BetBatch``.
  case bets(BetBatch)
  /// FINISHED: all bets of the agency, `total` of them, have been sent.
  case finished(total: UInt64)
  /// WINNERS?: asks for the agency's winners.
  case winnersQuery
  /// STATUS?: the operator asks for the state of the lottery, on a connection of its own.
  case statusQuery

  /// The type byte of its frame.
  public var type: MessageType {
    switch self {
    case .hello, .otherVersion: .hello
    case .bets(let batch): batch.type
    case .finished: .finished
    case .winnersQuery: .winnersQuery
    case .statusQuery: .statusQuery
    }
  }

  /// Takes the fields off the front of `fields`.
  public init?(
    _ type: MessageType, fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) {
    switch type {
    case .hello: self = try Self.hello(&fields, in: frame)
    case .bet, .batch: self = .bets(try BetBatch(type, fields: &fields, in: frame))
    case .finished: self = .finished(total: try fields.takeInteger())
    case .winnersQuery: self = .winnersQuery
    case .statusQuery: self = .statusQuery
    // No default: a new type must be decoded here or in ``ServerMessage``.
    case .welcome, .stored, .rejected, .confirmed, .winners, .error, .status: return nil
    }
  }

  private static func hello(
    _ fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) -> Self {
    let version = try fields.takeInteger(UInt8.self)
    guard version == ProtocolLimits.version else {
      _ = fields.takeRest(in: frame)
      return .otherVersion(version)
    }
    return .hello(agency: try fields.takeInteger(), key: try fields.takeString(in: frame))
  }

  /// Appends the body. The bets of a BATCH or BET are copied from `frame`.
  public func appendFields(to bytes: inout [UInt8], in frame: Span<UInt8>) {
    switch self {
    case .hello(let agency, let key):
      bytes.append(ProtocolLimits.version)
      bytes.append(bigEndian: agency)
      bytes.append(text: key.utf8.span)
    case .otherVersion(let version): bytes.append(version)
    case .bets(let batch): batch.appendFields(to: &bytes, in: frame)
    case .finished(let total): bytes.append(bigEndian: total)
    case .winnersQuery, .statusQuery: break
    }
  }
}
