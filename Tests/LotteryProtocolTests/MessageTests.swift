import TestSupport
import Testing

@testable import LotteryProtocol

/// The bytes of every message, worked out by hand from the contract (`PROTOCOL.md`); our own encoder
/// had no part in them. The fuzz target `frames` decodes and encodes anything else.
@Suite struct MessageTests {
  /// Ana Ñu, document 007, born 1999-03-17, number 2201: 20 bytes.
  private static let ana = "03416E61 03C39175 03303037 07CF0311 00000899"
  /// No names, document 0, born 9999-12-31, number 4294967295: 12 bytes.
  private static let nameless = "00 00 0130 270F0C1F FFFFFFFF"
  private static let bet = "0000001D 02 0000000000000007" + ana
  private static let batch = "0000002B 03 0102030405060708 0002" + ana + nameless
  private static let noSyncs = "0000000000000000 0000000000000000 0000000000000000"

  private static func messages() throws -> [(any WireMessage & Sendable, String)] {
    let none = LotteryStatus(isDrawn: false, agencies: 0, connections: 0, seen: [])
    let some = LotteryStatus(
      isDrawn: true, agencies: 5, connections: 2,
      syncs: SyncTimes(count: 3, total: .milliseconds(12), longest: .milliseconds(6)),
      seen: [.init(number: 3, stored: 300, hasFinished: true, isConnected: true)])
    let ofAgency: [(AgencyMessage, String)] = [
      (.hello(agency: 5, key: "ab"), "00000009 01 01 00000005 026162"),
      (.finished(total: 300), "00000009 04 000000000000012C"),
      (.winnersQuery, "00000001 05"), (.statusQuery, "00000001 10"),
    ]
    let ofServer: [(ServerMessage, String)] = [
      (
        .welcome(version: 1, state: .open, stored: 0, lastBet: nil),
        "0000000B 81 01 00 0000000000000000"
      ),
      (
        .welcome(version: 1, state: .drawn, stored: 1, lastBet: try Bets.ana()),
        "0000001F 81 01 02 0000000000000001" + ana
      ),
      (.stored(65536), "00000009 82 0000000000010000"),
      (
        .rejected(offset: 1, index: 2, code: .ruleBroken, reason: "no"),
        "0000000F 83 0000000000000001 0002 01 026E6F"
      ),
      (.confirmed, "00000001 84"),
      (.winners(more: true, documents: ["12", "3"]), "00000009 85 01 0002 023132 0133"),
      (.winners(more: false, documents: []), "00000004 85 00 0000"),
      (.error(code: .tooSlow, reason: ""), "00000003 8F 09 00"),
      (
        .status(more: false, some),
        "00000033 90 00 01 00000005 00000002 0000000000000003 0000000000B71B00 00000000005B8D80"
          + " 0001 00000003 000000000000012C 01 01"
      ),
      (.status(more: true, none), "00000025 90 01 00 00000000 00000000" + noSyncs + " 0000"),
    ]
    return ofAgency.map { ($0, $1) } + ofServer.map { ($0, $1) }
  }

  @Test(arguments: try messages())
  func `every message without bets has the bytes that the contract says`(
    message: any WireMessage & Sendable, text: String
  ) throws {
    #expect(message.frame == hex(text))
    #expect("\(try Self.decode(withoutHeader(hex(text))))" == "\(message)")
  }

  @Test func `BET and BATCH have the bytes that the contract says`() throws {
    let (ana, nameless) = (try Bets.ana(), try Bets.nameless())
    #expect(Frames.bet(ana, at: 7) == hex(Self.bet))
    let single = try decodeFromAgency(withoutHeader(hex(Self.bet)))
    #expect(single.message == .bets(BetBatch(isSingle: true, offset: 7, count: 1, bets: 9..<29)))
    #expect(single.bets == [ana])
    let offset: UInt64 = 0x0102_0304_0506_0708
    var builder = BatchBuilder(maxAmount: 2)
    var bytes: [UInt8] = []
    for bet in [ana, nameless] { builder.append(bet, offset: offset, to: &bytes) }
    #expect(builder.finish(&bytes) == 2)
    #expect(bytes == hex(Self.batch))
    let batch = try decodeFromAgency(withoutHeader(bytes))
    #expect(
      batch.message == .bets(BetBatch(isSingle: false, offset: offset, count: 2, bets: 11..<43)))
    #expect(batch.bets == [ana, nameless])
  }

  @Test func `the codes are those of the contract's tables`() {
    #expect(
      RejectionCode.allCases.map { "\($0.rawValue) \($0)" } == [
        "1 ruleBroken", "2 notStored", "3 outOfSequence", "4 agencyFinished",
      ])
    #expect(
      ErrorCode.allCases.map { "\($0.rawValue) \($0)" } == [
        "1 malformed", "2 version", "3 unknownAgency", "4 wrongKey", "5 notNow", "6 totalsDiffer",
        "7 superseded", "8 shuttingDown", "9 tooSlow",
      ])
  }

  @Test(arguments: [
    (String(repeating: "a", count: 255), 255), (String(repeating: "a", count: 256), 255),
    (String(repeating: "ñ", count: 127) + "a", 255), (String(repeating: "ñ", count: 128), 254),
  ])
  func `a reason over 255 bytes is cut between characters`(reason: String, kept: Int) throws {
    let bytes = ServerMessage.error(code: .malformed, reason: reason).frame
    let expected = String(decoding: Array(reason.utf8).prefix(kept), as: UTF8.self)
    #expect(
      try ServerMessage(frame: withoutHeader(bytes).span)
        == .error(code: .malformed, reason: expected))
  }

  // MARK: - What is no message

  @Test(arguments: try messages().map(\.1) + [bet, batch])
  func `every truncation and spare bytes are refused`(whole: String) throws {
    let frame = withoutHeader(hex(whole))
    let type = try #require(MessageType(rawValue: frame[0]))
    for size in 1..<frame.count {
      #expect(throws: WireError.body(type, .tooShort), "\(size) bytes of \(frame.count)") {
        try Self.decode(Array(frame.prefix(size)))
      }
    }
    for extra in [1, 2, 100] {
      #expect(throws: WireError.body(type, .tooLong(extra: extra))) {
        try Self.decode(frame + [UInt8](repeating: 0, count: extra))
      }
    }
  }

  @Test func `a type that a side does not send is refused`() {
    for type in UInt8.min...UInt8.max {
      if ![0x01, 0x02, 0x03, 0x04, 0x05, 0x10].contains(type) {
        #expect(throws: WireError.unknownType(type)) { try AgencyMessage(frame: [type].span) }
      }
      if ![0x81, 0x82, 0x83, 0x84, 0x85, 0x8F, 0x90].contains(type) {
        #expect(throws: WireError.unknownType(type)) { try ServerMessage(frame: [type].span) }
      }
    }
  }

  private static let empty = "90 00 00 00000000 00000000 \(noSyncs)"
  private static let oneAgency = empty + "0001 00000001 0000000000000000"

  @Test(arguments: [
    // No bets, fewer than announced, more than announced.
    ("03 0000000000000000 0000", "BATCH: must hold at least one bet"),
    ("03 0000000000000000 0003" + ana, "BATCH: the body is too short"),
    ("03 0000000000000000 0001" + ana + ana, "BATCH: 20 bytes too many"),
    // Too short a body outweighs a bet that breaks a rule.
    (
      "03 0000000000000000 0002 0141 0142 0143 07CF0311 00000899",
      "BATCH: the body is too short"
    ),
    ("05 0000", "WINNERS?: 2 bytes too many"),
    // Texts that are not UTF-8.
    ("01 01 00000005 02C328", "HELLO: a text is not valid UTF-8"),
    ("83 0000000000000001 0002 01 01FF", "REJECTED: a text is not valid UTF-8"),
    ("8F 01 02C3C3", "ERROR: a text is not valid UTF-8"),
    ("85 00 0001 01FF", "WINNERS: a text is not valid UTF-8"),
    // Values that the contract does not name.
    ("81 01 03 0000000000000000", "WELCOME: state must not be 3"),
    ("83 0000000000000001 0002 00 00", "REJECTED: code must not be 0"),
    ("83 0000000000000001 0002 05 00", "REJECTED: code must not be 5"),
    ("8F 00 00", "ERROR: code must not be 0"), ("8F 0A 00", "ERROR: code must not be 10"),
    ("85 02 0000", "WINNERS: more must not be 2"),
    ("90 02 \(empty.dropFirst(6)) 0000", "STATUS: more must not be 2"),
    ("90 00 FF \(empty.dropFirst(9)) 0000", "STATUS: drawn must not be 255"),
    (
      "90 00 00 00000000 00000000 0000000000000001 8000000000000000 0000000000000000 0000",
      "STATUS: syncTime must not be 9223372036854775808"
    ),
    (
      "90 00 00 00000000 00000000 0000000000000001 7FFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF 0000",
      "STATUS: longestSync must not be 18446744073709551615"
    ),
    (oneAgency + "02 00", "STATUS: finished must not be 2"),
    (oneAgency + "01 03", "STATUS: connected must not be 3"),
    // A last bet that breaks a rule.
    (
      "81 01 00 0000000000000001 0141 0142 0130 07CF0D01 00000899",
      "WELCOME: birthdate \"1999-13-1\": must be a date that exists, written YYYY-MM-DD"
    ),
  ])
  func `a body that is wrong is refused in one line that names what was wrong`(
    frame: String, problem: String
  ) {
    let error = #expect(throws: WireError.self) { try Self.decode(hex(frame)) }
    #expect(error?.description == problem)
  }

  @Test func `so are a length and a type`() {
    #expect(WireError.frameLength(7997).description == "frame length 7997: must be 1 to 7996")
    #expect(WireError.unknownType(0).description == "unknown message type 0x00")
  }

  /// Decodes a frame as the side does that gets messages of this type.
  @discardableResult
  private static func decode(_ frame: [UInt8]) throws(WireError) -> any WireMessage {
    frame[0] < 0x80
      ? try decodeFromAgency(frame).message : try ServerMessage(frame: frame.span)
  }
}
