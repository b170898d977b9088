/// A message of one direction: decodes itself from a frame and encodes itself into one.
public protocol WireMessage: Hashable, Sendable {
  /// Takes the fields of a body off the front of `fields`, which is the rest of `frame`.
  ///
  /// Nil if this direction has no message of the type.
  init?(_ type: MessageType, fields: inout Span<UInt8>, in frame: Span<UInt8>) throws(BodyError)

  /// Appends the frame of this message.
  /// - Parameter frame: the frame that the message was decoded from, for BATCH and BET, whose bets
  ///   still lie in it. Others do not look at it.
  func append(to bytes: inout [UInt8], in frame: Span<UInt8>)
}

extension WireMessage {
  /// Decodes a frame, its header left out.
  public init(frame: Span<UInt8>) throws(WireError) {
    guard frame.count > 0, let type = MessageType(rawValue: frame[0]) else {
      throw .unknownType(frame.count > 0 ? frame[0] : 0)
    }
    var fields = frame.extracting(1...)
    let message: Self?
    do throws(BodyError) {
      message = try Self(type, fields: &fields, in: frame)
    } catch {
      throw .body(type, error)
    }
    guard let message else { throw .unknownType(type.rawValue) }
    guard fields.isEmpty else { throw .body(type, .tooLong(extra: fields.count)) }
    self = message
  }

  /// Appends the frame of this message, which is neither a BATCH nor a BET.
  public func append(to bytes: inout [UInt8]) { append(to: &bytes, in: Span()) }
}

/// A message from an agency (`PROTOCOL.md`, What an agency sends) or from the operator.
public enum AgencyMessage: WireMessage {
  /// The key is at most 255 bytes.
  case hello(agency: UInt32, key: String)
  /// HELLO of another version, whose other fields are unknown.
  case otherVersion(UInt8)
  /// BATCH or BET. The bets stay in the frame.
  case bets(BetBatch)
  case finished(total: UInt64)
  case winnersQuery
  /// From the operator, on a connection of its own.
  case statusQuery

  /// Nil for a type that only the server sends.
  public init?(
    _ type: MessageType, fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) {
    switch type {
    case .hello:
      let version = try fields.takeInteger(UInt8.self)
      guard version == ProtocolLimits.version else {
        _ = fields.takeRest(in: frame)
        self = .otherVersion(version)
        return
      }
      self = .hello(agency: try fields.takeInteger(), key: try fields.takeString(in: frame))
    case .bet, .batch: self = .bets(try BetBatch(type, fields: &fields, in: frame))
    case .finished: self = .finished(total: try fields.takeInteger())
    case .winnersQuery: self = .winnersQuery
    case .statusQuery: self = .statusQuery
    // No default: a new type must be decoded here or in ``ServerMessage``.
    case .welcome, .stored, .rejected, .confirmed, .winners, .error, .status: return nil
    }
  }

  /// Appends the frame. The bets of a BATCH or a BET are copied from `frame`.
  public func append(to bytes: inout [UInt8], in frame: Span<UInt8>) {
    switch self {
    case .hello(let agency, let key):
      bytes.appendFrame(.hello) { body in
        body.append(ProtocolLimits.version)
        body.append(bigEndian: agency)
        body.append(text: key.utf8.span)
      }
    case .otherVersion(let version): bytes.appendFrame(.hello) { $0.append(version) }
    case .bets(let batch): batch.append(to: &bytes, in: frame)
    case .finished(let total): bytes.appendFrame(.finished) { $0.append(bigEndian: total) }
    case .winnersQuery: bytes.appendFrame(.winnersQuery) { _ in }
    case .statusQuery: bytes.appendFrame(.statusQuery) { _ in }
    }
  }
}

/// A message from the server (`PROTOCOL.md`, What the server sends).
///
/// A reason longer than a text can carry is cut between characters.
public enum ServerMessage: WireMessage {
  case welcome(version: UInt8, state: AgencyState, stored: UInt64, lastBet: Bet?)
  case stored(UInt64)
  case rejected(offset: UInt64, index: UInt16, code: RejectionCode, reason: String)
  case confirmed
  /// The documents must fit one frame, as those of ``appendWinners(_:of:to:)`` do.
  case winners(more: Bool, documents: [String])
  /// The agencies must fit one frame, as those of ``appendStatus(_:to:)`` do.
  case status(more: Bool, LotteryStatus)
  case error(code: ErrorCode, reason: String)

  /// Nil for a type that only an agency or the operator sends.
  public init?(
    _ type: MessageType, fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) {
    switch type {
    case .welcome:
      let version = try fields.takeInteger(UInt8.self)
      let state = try fields.takeCode("state", AgencyState.self)
      let stored = try fields.takeInteger(UInt64.self)
      let last = stored > 0 ? Bet(try BetWire.take(from: &fields, in: frame), in: frame) : nil
      self = .welcome(version: version, state: state, stored: stored, lastBet: last)
    case .stored: self = .stored(try fields.takeInteger())
    case .rejected:
      self = .rejected(
        offset: try fields.takeInteger(), index: try fields.takeInteger(),
        code: try fields.takeCode("code"), reason: try fields.takeString(in: frame))
    case .confirmed: self = .confirmed
    case .winners:
      let more = try fields.takeFlag("more")
      var documents: [String] = []
      for _ in 0..<(try fields.takeInteger(UInt16.self)) {
        documents.append(try fields.takeString(in: frame))
      }
      self = .winners(more: more, documents: documents)
    case .status:
      self = .status(more: try fields.takeFlag("more"), try LotteryStatus(fields: &fields))
    case .error:
      self = .error(
        code: try fields.takeCode("code"), reason: try fields.takeString(in: frame))
    // No default: a new type must be decoded here or in ``AgencyMessage``.
    case .hello, .bet, .batch, .finished, .winnersQuery, .statusQuery: return nil
    }
  }

  /// Appends the frame. `frame` is not used.
  public func append(to bytes: inout [UInt8], in frame: Span<UInt8>) {
    switch self {
    case .welcome(let version, let state, let stored, let lastBet):
      bytes.appendFrame(.welcome) { body in
        body.append(version)
        body.append(state.rawValue)
        body.append(bigEndian: stored)
        if let lastBet { body.append(bet: lastBet) }
      }
    case .stored(let stored): bytes.appendFrame(.stored) { $0.append(bigEndian: stored) }
    case .rejected(let offset, let index, let code, let reason):
      bytes.appendFrame(.rejected) { body in
        body.append(bigEndian: offset)
        body.append(bigEndian: index)
        body.append(code.rawValue)
        body.append(reason: reason)
      }
    case .confirmed: bytes.appendFrame(.confirmed) { _ in }
    case .winners(let more, let documents):
      bytes.appendFrame(.winners) { body in
        body.append(more ? 1 : 0)
        body.append(bigEndian: UInt16(documents.count))
        for document in documents { body.append(text: document.utf8.span) }
      }
    case .status(let more, let status):
      bytes.appendFrame(.status) { body in
        body.append(more ? 1 : 0)
        status.appendFields(to: &body)
      }
    case .error(let code, let reason):
      bytes.appendFrame(.error) { body in
        body.append(code.rawValue)
        body.append(reason: reason)
      }
    }
  }

  /// Appends the state of the lottery, over as many STATUS frames as its agencies need, at least
  /// one.
  package static func appendStatus(_ status: LotteryStatus, to bytes: inout [UInt8]) {
    var rest = status.seen[...]
    repeat {
      var part = status
      part.seen = Array(rest.prefix(LotteryStatus.agenciesPerFrame))
      rest = rest.dropFirst(part.seen.count)
      ServerMessage.status(more: !rest.isEmpty, part).append(to: &bytes)
    } while !rest.isEmpty
  }

  /// Appends one WINNERS frame with as many of `documents` as fit.
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

/// Bytes that are no message of the protocol. The stream is out of step and cannot be read further.
public enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
  case frameLength(UInt32)
  /// The type is not one that this side receives.
  case unknownType(UInt8)
  case body(MessageType, BodyError)

  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .frameLength(let length):
      "frame length \(length): must be \(ProtocolLimits.frameLength.lowerBound) to "
        + "\(ProtocolLimits.frameLength.upperBound)"
    case .unknownType(let type):
      "unknown message type 0x\(type < 16 ? "0" : "")\(String(type, radix: 16, uppercase: true))"
    case .body(let type, let error): "\(type.name): \(error)"
    }
  }
}

/// Why the body of a message cannot be decoded.
public enum BodyError: Error, Hashable, Sendable, CustomStringConvertible {
  case tooShort
  case tooLong(extra: Int)
  case emptyBatch
  /// A text outside a bet is not valid UTF-8.
  case textEncoding
  case invalidBet(BetRuleViolation)
  /// A field has a value that the contract does not name.
  case fieldValue(String, UInt64)

  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .tooShort: "the body is too short"
    case .tooLong(let extra): "\(extra) bytes too many"
    case .emptyBatch: "must hold at least one bet"
    case .textEncoding: "a text is not valid UTF-8"
    case .invalidBet(let violation): violation.description
    case .fieldValue(let field, let value): "\(field) must not be \(value)"
    }
  }
}
