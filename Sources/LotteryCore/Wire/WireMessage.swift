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
