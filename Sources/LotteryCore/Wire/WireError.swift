/// Bytes that are no message of the protocol. The stream is out of step: there is no going on.
public enum WireError: Error, Hashable, Sendable {
  /// A frame announces a length out of 1 to 7996.
  case frameLength(UInt32)
  /// The type is not one that this side receives.
  case unknownType(UInt8)
  /// The body ends before its last field.
  case bodyTooShort(UInt8)
  /// The body has bytes left after its last field.
  case bodyTooLong(UInt8, extra: Int)
  /// A BATCH of no bets.
  case emptyBatch
  /// A text that is not a bet's is not valid UTF-8.
  case textEncoding(UInt8)
  /// The bet in a WELCOME breaks a rule.
  case invalidBet(UInt8, BetRuleViolation)
  /// A field has a value that the contract does not name.
  case fieldValue(UInt8, field: String, value: UInt64)
}

extension WireError: CustomStringConvertible {
  /// One line that a person can act on.
  public var description: String {
    switch self {
    case .frameLength(let length):
      "frame length \(length): must be \(ProtocolLimits.frameLength.lowerBound) to "
        + "\(ProtocolLimits.frameLength.upperBound)"
    case .unknownType(let type): "message type \(Self.hex(type)) is not one of this protocol's"
    case .bodyTooShort(let type): "message \(Self.hex(type)): the body is too short"
    case .bodyTooLong(let type, let extra): "message \(Self.hex(type)): \(extra) bytes too many"
    case .emptyBatch: "a batch must hold at least one bet"
    case .textEncoding(let type): "message \(Self.hex(type)): a text is not valid UTF-8"
    case .invalidBet(let type, let violation): "message \(Self.hex(type)): \(violation)"
    case .fieldValue(let type, let field, let value):
      "message \(Self.hex(type)): \(field) must not be \(value)"
    }
  }

  private static func hex(_ type: UInt8) -> String {
    let digits = String(type, radix: 16, uppercase: true)
    return "0x" + (digits.count < 2 ? "0" : "") + digits
  }
}
