/// A message from the server (`PROTOCOL.md`, What the server sends).
public enum ServerMessage: WireMessage {
  /// WELCOME answers HELLO: how far this agency is and, if `stored` > 0, its last bet stored.
  case welcome(version: UInt8, state: AgencyState, stored: UInt64, lastBet: Bet?)
  /// STORED: every bet up to `stored` is safe.
  case stored(UInt64)
  /// REJECTED: nothing of the batch at `offset` is stored, because of its bet at `index`.
  ///
  /// A reason longer than a text can carry is cut between characters.
  case rejected(offset: UInt64, index: UInt16, code: RejectionCode, reason: String)
  /// CONFIRMED: FINISHED is safe.
  case confirmed
  /// WINNERS: documents of this agency's winners; `more` frames follow. They must fit one frame, as
  /// those of ``appendWinners(_:of:to:)`` do.
  case winners(more: Bool, documents: [String])
  /// STATUS: the state of the lottery; `more` frames follow, each with other agencies. They must
  /// fit one frame, as those of ``appendStatus(_:to:)`` do.
  case status(more: Bool, LotteryStatus)
  /// ERROR: the connection ends. A reason is cut as in REJECTED.
  case error(code: ErrorCode, reason: String)

  /// The type byte of its frame.
  public var type: MessageType {
    switch self {
    case .welcome: .welcome
    case .stored: .stored
    case .rejected: .rejected
    case .confirmed: .confirmed
    case .winners: .winners
    case .status: .status
    case .error: .error
    }
  }

  /// Takes the fields off the front of `fields`.
  public init?(
    _ type: MessageType, fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) {
    switch type {
    case .welcome: self = try Self.welcome(&fields, in: frame)
    case .stored: self = .stored(try fields.takeInteger())
    case .rejected:
      self = .rejected(
        offset: try fields.takeInteger(), index: try fields.takeInteger(),
        code: try fields.takeCode("code"), reason: try fields.takeString(in: frame))
    case .confirmed: self = .confirmed
    case .winners: self = try Self.winners(&fields, in: frame)
    case .status:
      self = .status(more: try fields.takeFlag("more"), try LotteryStatus(fields: &fields))
    case .error:
      self = .error(
        code: try fields.takeCode("code"), reason: try fields.takeString(in: frame))
    // No default: a new type must be decoded here or in ``AgencyMessage``.
    case .hello, .bet, .batch, .finished, .winnersQuery, .statusQuery: return nil
    }
  }

  private static func welcome(
    _ fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) -> Self {
    let version = try fields.takeInteger(UInt8.self)
    let state = try fields.takeCode("state", AgencyState.self)
    let stored = try fields.takeInteger(UInt64.self)
    var lastBet: Bet?
    if stored > 0 {
      lastBet = Bet(try BetWire.take(from: &fields, in: frame), in: frame)
    }
    return .welcome(version: version, state: state, stored: stored, lastBet: lastBet)
  }

  private static func winners(
    _ fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) -> Self {
    let more = try fields.takeFlag("more")
    var documents: [String] = []
    for _ in 0..<(try fields.takeInteger(UInt16.self)) {
      documents.append(try fields.takeString(in: frame))
    }
    return .winners(more: more, documents: documents)
  }

  /// Appends the body. `frame` is not used.
  public func appendFields(to bytes: inout [UInt8], in frame: Span<UInt8>) {
    switch self {
    case .welcome(let version, let state, let stored, let lastBet):
      bytes.append(version)
      bytes.append(state.rawValue)
      bytes.append(bigEndian: stored)
      if let lastBet { bytes.append(bet: lastBet) }
    case .stored(let stored): bytes.append(bigEndian: stored)
    case .rejected(let offset, let index, let code, let reason):
      bytes.append(bigEndian: offset)
      bytes.append(bigEndian: index)
      bytes.append(code.rawValue)
      bytes.append(reason: reason)
    case .confirmed: break
    case .winners(let more, let documents):
      bytes.append(more ? 1 : 0)
      bytes.append(bigEndian: UInt16(documents.count))
      for document in documents { bytes.append(text: document.utf8.span) }
    case .status(let more, let status):
      bytes.append(more ? 1 : 0)
      status.appendFields(to: &bytes)
    case .error(let code, let reason):
      bytes.append(code.rawValue)
      bytes.append(reason: reason)
    }
  }

  /// Appends the state of the lottery, over as many STATUS frames as its agencies need, at least
  /// one.
  public static func appendStatus(_ status: LotteryStatus, to bytes: inout [UInt8]) {
    var rest = status.seen[...]
    repeat {
      var part = status
      part.seen = Array(rest.prefix(LotteryStatus.agenciesPerFrame))
      rest = rest.dropFirst(part.seen.count)
      ServerMessage.status(more: !rest.isEmpty, part).append(to: &bytes)
    } while !rest.isEmpty
  }

  /// Appends one WINNERS frame with as many of `documents` as fit.
  ///
  /// - Parameters:
  ///   - documents: each as its length in a byte and its digits.
  ///   - total: how many winners are in no frame yet, including those of `documents`. If the frame
  ///     does not hold all of them, its `more` is 1.
  /// - Returns: how many winners are in the frame, and their size in `documents`.
  package static func appendWinners(
    _ documents: Span<UInt8>, of total: Int, to bytes: inout [UInt8]
  ) -> (count: Int, size: Int) {
    // Besides the header: type, `more` and count.
    let limit = ProtocolLimits.packetSize - ProtocolLimits.frameHeaderSize - 4
    var (count, size) = (0, 0)
    while size < documents.count {
      let end = size + 1 + Int(documents[size])
      if end > limit { break }
      (count, size) = (count + 1, end)
    }
    bytes.appendFrame(.winners) { body in
      body.append(count < total ? 1 : 0)
      body.append(bigEndian: UInt16(count))
      body.append(copying: documents.extracting(first: size))
    }
    return (count, size)
  }
}

extension Array where Element == UInt8 {
  /// Appends as much of a reason as one text can carry, cut between characters.
  fileprivate mutating func append(reason: String) {
    var text = reason[...]
    while text.utf8.count > ProtocolLimits.textSize { text.removeLast() }
    append(text: text.utf8.span)
  }
}
