/// A message of one direction: decodes itself from a frame and encodes itself into one.
public protocol WireMessage: Hashable, Sendable {
  /// The type byte of its frame.
  var type: MessageType { get }

  /// Takes the fields of a body off the front of `fields`, which is the rest of `frame`.
  ///
  /// Nil if this direction has no message of the type.
  ///
  /// - Throws: ``BodyError``
  init?(_ type: MessageType, fields: inout Span<UInt8>, in frame: Span<UInt8>) throws(BodyError)

  /// Appends the fields of the body.
  ///
  /// - Parameter frame: the frame that the message was decoded from, for those whose bets still lie
  ///   in it. Others do not look at it.
  func appendFields(to bytes: inout [UInt8], in frame: Span<UInt8>)
}

extension WireMessage {
  /// Decodes a frame, its header left out.
  ///
  /// - Throws: ``WireError``
  public init(frame: Span<UInt8>) throws(WireError) {
    guard frame.count > 0, let type = MessageType(rawValue: frame[0]) else {
      throw .unknownType(frame.count > 0 ? frame[0] : 0)
    }
    let message = try mapError({ WireError.body(type, $0) }) { () throws(BodyError) -> Self? in
      var fields = frame.extracting(1...)
      guard let message = try Self(type, fields: &fields, in: frame) else { return nil }
      guard fields.isEmpty else { throw .tooLong(extra: fields.count) }
      return message
    }
    guard let message else { throw .unknownType(type.rawValue) }
    self = message
  }

  /// Appends the frame of this message.
  ///
  /// - Parameter frame: the frame that the message was decoded from, which BATCH and BET need.
  public func append(to bytes: inout [UInt8], in frame: Span<UInt8> = Span()) {
    bytes.appendFrame(type) { appendFields(to: &$0, in: frame) }
  }
}

/// Reads the fields of a body from front to back. A span is its own cursor: what has been read is
/// cut off its front.
extension Span where Element == UInt8 {
  /// Takes a big-endian integer off the front.
  ///
  /// - Throws: ``BodyError/tooShort``
  mutating func takeInteger<Integer: FixedWidthInteger & UnsignedInteger & BitwiseCopyable>(
    _: Integer.Type = Integer.self
  ) throws(BodyError) -> Integer {
    let size = MemoryLayout<Integer>.size
    guard count >= size else { throw .tooShort }
    // Bounds-checked; any bytes are an integer.
    let value = bytes.unsafeLoadUnaligned(fromByteOffset: 0, as: Integer.self)
    self = extracting(size...)
    return Integer(bigEndian: value)
  }

  /// Takes a text off the front and returns its range in `whole`, whose end is this span's end.
  ///
  /// - Throws: ``BodyError/tooShort``
  mutating func takeText(in whole: Span<UInt8>) throws(BodyError) -> Range<Int> {
    let size = Int(try takeInteger(UInt8.self))
    guard count >= size else { throw .tooShort }
    let start = whole.count - count
    self = extracting(size...)
    return start..<(start + size)
  }

  /// Takes all that is left and returns its range in `whole`, whose end is this span's end.
  mutating func takeRest(in whole: Span<UInt8>) -> Range<Int> {
    let start = whole.count - count
    self = extracting(count...)
    return start..<whole.count
  }

  /// Takes a text that must be valid UTF-8 off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/textEncoding``
  mutating func takeString(in whole: Span<UInt8>) throws(BodyError) -> String {
    let text = whole.extracting(try takeText(in: whole))
    guard text.isValidUTF8 else { throw .textEncoding }
    return String(repairing: text)
  }

  /// Takes a byte that stands for one of a few values off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/fieldValue(_:_:)``
  mutating func takeCode<Code: RawRepresentable<UInt8>>(
    _ field: String, _: Code.Type = Code.self
  ) throws(BodyError) -> Code {
    let value = try takeInteger(UInt8.self)
    guard let code = Code(rawValue: value) else { throw .fieldValue(field, UInt64(value)) }
    return code
  }

  /// Takes a byte that is 0 or 1 off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/fieldValue(_:_:)``
  mutating func takeFlag(_ field: String) throws(BodyError) -> Bool {
    let value = try takeInteger(UInt8.self)
    guard value <= 1 else { throw .fieldValue(field, UInt64(value)) }
    return value == 1
  }

  /// Takes a duration in nanoseconds, of at most 292 years, off the front.
  ///
  /// - Throws: ``BodyError/tooShort``, ``BodyError/fieldValue(_:_:)``
  mutating func takeDuration(_ field: String) throws(BodyError) -> Duration {
    let value = try takeInteger(UInt64.self)
    guard let nanoseconds = Int64(exactly: value) else { throw .fieldValue(field, value) }
    return .nanoseconds(nanoseconds)
  }
}

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

extension Duration {
  /// The whole nanoseconds in it. The duration must be at most 292 years.
  public var nanoseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000)
  }
}
