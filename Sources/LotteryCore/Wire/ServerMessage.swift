/// What the server sends (`PROTOCOL.md`, What the server sends).
public enum ServerMessage: Hashable, Sendable {
  /// The answer to HELLO: how far this agency is and, where `stored` > 0, its last bet stored.
  case welcome(version: UInt8, state: AgencyState, stored: UInt64, lastBet: Bet?)
  /// Every bet up to `stored` is safe.
  case stored(UInt64)
  /// Nothing of the batch at `offset` is stored, because of its bet at `index`.
  case rejected(offset: UInt64, index: UInt16, code: RejectionCode, reason: String)
  /// FINISHED is safe.
  case confirmed
  /// Documents of this agency's winners; `more` frames follow.
  case winners(more: Bool, documents: [String])
  /// How the lottery stands; `more` frames follow, each with other agencies.
  case status(more: Bool, LotteryStatus)
  /// How long the disk was waited for.
  case syncs(SyncTimes)
  /// The connection ends.
  case error(code: ErrorCode, reason: String)

  /// Decodes a frame, its header left out, that the server sent to `agency`.
  ///
  /// - Throws: ``WireError`` where the bytes are no such message.
  public init(frame: Span<UInt8>, agency: UInt32) throws(WireError) {
    var cursor = frame
    let type = cursor.takeInteger(UInt8.self) ?? 0
    guard let message = try Self.take(type, from: &cursor, in: frame, agency: agency) else {
      throw .bodyTooShort(type)
    }
    guard cursor.isEmpty else { throw .bodyTooLong(type, extra: cursor.count) }
    self = message
  }

  private static func take(
    _ type: UInt8, from cursor: inout Span<UInt8>, in frame: Span<UInt8>, agency: UInt32
  ) throws(WireError) -> ServerMessage? {
    switch type {
    case MessageType.welcome:
      return try takeWelcome(from: &cursor, in: frame, agency: agency)
    case MessageType.stored:
      return cursor.takeInteger(UInt64.self).map { .stored($0) }
    case MessageType.rejected:
      guard let offset = cursor.takeInteger(UInt64.self),
        let index = cursor.takeInteger(UInt16.self), let code = cursor.takeInteger(UInt8.self),
        let reason = try takeString(type, from: &cursor, in: frame)
      else { return nil }
      let known = try known(RejectionCode(rawValue: code), code, type, "code")
      return .rejected(offset: offset, index: index, code: known, reason: reason)
    case MessageType.confirmed:
      return .confirmed
    case MessageType.winners:
      return try takeWinners(from: &cursor, in: frame)
    case MessageType.status:
      guard let more = try cursor.takeFlag(type, "more"),
        let status = try LotteryStatus.take(from: &cursor)
      else { return nil }
      return .status(more: more, status)
    case MessageType.syncs:
      return try SyncTimes.take(from: &cursor).map { .syncs($0) }
    case MessageType.error:
      guard let code = cursor.takeInteger(UInt8.self),
        let reason = try takeString(type, from: &cursor, in: frame)
      else { return nil }
      return .error(code: try known(ErrorCode(rawValue: code), code, type, "code"), reason: reason)
    default:
      throw .unknownType(type)
    }
  }

  private static func takeWelcome(
    from cursor: inout Span<UInt8>, in frame: Span<UInt8>, agency: UInt32
  ) throws(WireError) -> ServerMessage? {
    let type = MessageType.welcome
    guard let version = cursor.takeInteger(UInt8.self),
      let state = cursor.takeInteger(UInt8.self), let stored = cursor.takeInteger(UInt64.self)
    else { return nil }
    let knownState = try known(AgencyState(rawValue: state), state, type, "state")
    var lastBet: Bet?
    if stored > 0 {
      guard let taken = BetWire.take(from: &cursor, in: frame, allowsNUL: true) else { return nil }
      switch taken {
      case .success(let located): lastBet = Bet(agency: agency, located, in: frame)
      case .failure(let violation): throw .invalidBet(type, violation)
      }
    }
    return .welcome(version: version, state: knownState, stored: stored, lastBet: lastBet)
  }

  private static func takeWinners(
    from cursor: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(WireError) -> ServerMessage? {
    let type = MessageType.winners
    guard let more = try cursor.takeFlag(type, "more"), let count = cursor.takeInteger(UInt16.self)
    else { return nil }
    var documents: [String] = []
    for _ in 0..<count {
      guard let document = try takeString(type, from: &cursor, in: frame) else { return nil }
      documents.append(document)
    }
    return .winners(more: more, documents: documents)
  }

  private static func takeString(
    _ type: UInt8, from cursor: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(WireError) -> String? {
    guard let range = cursor.takeText(in: frame) else { return nil }
    let bytes = frame.extracting(range)
    guard bytes.isValidUTF8 else { throw .textEncoding(type) }
    return String(repairing: bytes)
  }

  private static func known<Value>(
    _ value: Value?, _ raw: UInt8, _ type: UInt8, _ field: String
  ) throws(WireError) -> Value {
    guard let value else { throw .fieldValue(type, field: field, value: UInt64(raw)) }
    return value
  }
}

extension ServerMessage {
  /// Appends the frame of this message.
  ///
  /// A reason longer than a text can carry is cut at a character; WINNERS and STATUS must fit one
  /// frame, which ``WinnersWriter`` and ``appendStatus(_:to:)`` see to.
  public func append(to bytes: inout [UInt8]) {
    let frame = FrameWriter(type: type, to: &bytes)
    switch self {
    case .welcome(let version, let state, let stored, let lastBet):
      bytes.append(version)
      bytes.append(state.rawValue)
      bytes.append(bigEndian: stored)
      if let lastBet { bytes.append(bet: lastBet) }
    case .stored(let stored):
      bytes.append(bigEndian: stored)
    case .rejected(let offset, let index, let code, let reason):
      bytes.append(bigEndian: offset)
      bytes.append(bigEndian: index)
      bytes.append(code.rawValue)
      bytes.append(reason: reason)
    case .confirmed:
      break
    case .winners(let more, let documents):
      bytes.append(more ? 1 : 0)
      bytes.append(bigEndian: UInt16(documents.count))
      for document in documents { bytes.append(text: document.utf8.span) }
    case .status(let more, let status):
      bytes.append(more ? 1 : 0)
      status.append(to: &bytes)
    case .syncs(let times):
      times.append(to: &bytes)
    case .error(let code, let reason):
      bytes.append(code.rawValue)
      bytes.append(reason: reason)
    }
    frame.finish(&bytes)
  }

  /// Appends how the lottery stands, over as many STATUS frames as its agencies need, at least one.
  public static func appendStatus(_ status: LotteryStatus, to bytes: inout [UInt8]) {
    var rest = status.seen[...]
    repeat {
      var part = status
      part.seen = Array(rest.prefix(LotteryStatus.agenciesPerFrame))
      rest = rest.dropFirst(part.seen.count)
      ServerMessage.status(more: !rest.isEmpty, part).append(to: &bytes)
    } while !rest.isEmpty
  }

  private var type: UInt8 {
    switch self {
    case .welcome: MessageType.welcome
    case .stored: MessageType.stored
    case .rejected: MessageType.rejected
    case .confirmed: MessageType.confirmed
    case .winners: MessageType.winners
    case .status: MessageType.status
    case .syncs: MessageType.syncs
    case .error: MessageType.error
    }
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
