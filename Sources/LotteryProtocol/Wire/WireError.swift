/// Bytes that are no message of the protocol. The stream is out of step and cannot be read further.
public enum WireError: Error, Hashable, Sendable {
  /// A frame announces a length that is not 1 to 7996.
  case frameLength(UInt32)
  /// The type is not one that this side receives.
  case unknownType(UInt8)
  /// The body is not that of a message of this type.
  case body(MessageType, BodyError)
}

/// Why the body of a message cannot be decoded.
public enum BodyError: Error, Hashable, Sendable {
  /// It ends before its last field.
  case tooShort
  /// It has bytes left after its last field.
  case tooLong(extra: Int)
  /// A batch of no bets.
  case emptyBatch
  /// A text outside a bet is not valid UTF-8.
  case textEncoding
  /// A bet breaks a rule.
  case invalidBet(BetRuleViolation)
  /// A field has a value that the contract does not name.
  case fieldValue(String, UInt64)
}

extension WireError: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .frameLength(let length):
      "frame length \(length): must be \(ProtocolLimits.frameLength.lowerBound) to "
        + "\(ProtocolLimits.frameLength.upperBound)"
    case .unknownType(let type): "unknown message type \(Self.hex(type))"
    case .body(let type, let error): "\(type): \(error)"
    }
  }

  private static func hex(_ type: UInt8) -> String {
    let digits = String(type, radix: 16, uppercase: true)
    return "0x" + (digits.count < 2 ? "0" : "") + digits
  }
}

extension BodyError: CustomStringConvertible {
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
