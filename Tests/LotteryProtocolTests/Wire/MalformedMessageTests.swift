import Testing
import TestSupport

@testable import LotteryProtocol

@Suite struct MalformedMessageTests {
  /// Decodes a frame as the side does that gets messages of this type.
  private static func decode(_ frame: [UInt8], ofAgency: Bool) throws(WireError) {
    if ofAgency {
      _ = try decodeFromAgency(frame)
    } else {
      _ = try ServerMessage(frame: frame.span)
    }
  }

  @Test(arguments: MessageSamples.all)
  func `every truncation and spare bytes are refused`(whole: [UInt8]) throws {
    let frame = withoutHeader(whole)
    let type = try #require(MessageType(rawValue: frame[0]))
    let ofAgency = MessageSamples.ofAgency.contains(whole)
    for size in 1..<frame.count {
      #expect(throws: WireError.body(type, .tooShort), "\(size) bytes of \(frame.count)") {
        try Self.decode(Array(frame.prefix(size)), ofAgency: ofAgency)
      }
    }
    for extra in [1, 2, 100] {
      #expect(throws: WireError.body(type, .tooLong(extra: extra))) {
        try Self.decode(frame + [UInt8](repeating: 0, count: extra), ofAgency: ofAgency)
      }
    }
  }

  @Test(
    arguments: [
      (true, [0x01, 0x02, 0x03, 0x04, 0x05, 0x10]),
      (false, [0x81, 0x82, 0x83, 0x84, 0x85, 0x8F, 0x90]),
    ] as [(Bool, [UInt8])])
  func `a type that a side does not send is refused`(ofAgency: Bool, known: [UInt8]) {
    for type in UInt8.min...UInt8.max where !known.contains(type) {
      #expect(throws: WireError.unknownType(type)) { try Self.decode([type], ofAgency: ofAgency) }
    }
  }

  @Test(
    arguments: [
      // No bets, fewer than announced, more than announced.
      ("03 0000000000000000 0000", .batch, .emptyBatch),
      ("03 0000000000000000 0003" + MessageSamples.ana, .batch, .tooShort),
      (
        "03 0000000000000000 0001" + MessageSamples.ana + MessageSamples.ana, .batch,
        .tooLong(extra: 20)
      ),
      // Too short a body outweighs a bet that breaks a rule.
      ("03 0000000000000000 0002 0141 0142 0143 07CF0311 00000899", .batch, .tooShort),
      // A key that is not UTF-8.
      ("01 01 00000005 02C328", .hello, .textEncoding),
    ] as [(String, MessageType, BodyError)])
  func `a body that is wrong is refused`(frame: String, type: MessageType, error: BodyError) {
    #expect(throws: WireError.body(type, error)) { try decodeFromAgency(hex(frame)) }
  }

  @Test(
    arguments: [
      (.frameLength(7997), "frame length 7997: must be 1 to 7996"),
      (.unknownType(0), "unknown message type 0x00"),
      (.body(.error, .tooShort), "ERROR: the body is too short"),
      (.body(.winnersQuery, .tooLong(extra: 2)), "WINNERS?: 2 bytes too many"),
      (.body(.batch, .emptyBatch), "BATCH: must hold at least one bet"),
      (.body(.hello, .textEncoding), "HELLO: a text is not valid UTF-8"),
      (.body(.welcome, .fieldValue("state", 3)), "WELCOME: state must not be 3"),
    ] as [(WireError, String)])
  func `each error is one line that names what was wrong`(error: WireError, expected: String) {
    #expect(error.description == expected)
  }
}
