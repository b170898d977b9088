import TestSupport
import Testing

@testable import LotteryProtocol

/// The bytes of every message, worked out by hand. The fuzz target `frames` decodes and encodes
/// anything else.
@Suite struct MessageTests {
  @Test(
    arguments: [
      (.hello(agency: 5, key: "ab"), MessageSamples.hello),
      (.finished(total: 300), MessageSamples.finished),
      (.winnersQuery, MessageSamples.winnersQuery), (.statusQuery, MessageSamples.statusQuery),
    ] as [(AgencyMessage, [UInt8])])
  func `every message of an agency without bets has the bytes that the contract says`(
    message: AgencyMessage, expected: [UInt8]
  ) throws {
    var bytes: [UInt8] = [7]
    message.append(to: &bytes)
    #expect(bytes == [7] + expected)
    #expect(try decodeFromAgency(withoutHeader(expected)).message == message)
  }

  @Test func `BET and BATCH have the bytes that the contract says`() throws {
    let (ana, nameless) = (try Bets.ana(), try Bets.nameless())
    #expect(Frames.bet(ana, at: 7) == MessageSamples.bet)
    let single = try decodeFromAgency(withoutHeader(MessageSamples.bet))
    #expect(single.message == .bets(BetBatch(isSingle: true, offset: 7, count: 1, bets: 9..<29)))
    #expect(single.bets == [ana])
    let offset: UInt64 = 0x0102_0304_0506_0708
    var builder = BatchBuilder(maxAmount: 2)
    var bytes: [UInt8] = []
    for bet in [ana, nameless] { builder.append(bet, offset: offset, to: &bytes) }
    #expect(builder.finish(&bytes) == 2)
    #expect(bytes == MessageSamples.batch)
    let batch = try decodeFromAgency(withoutHeader(MessageSamples.batch))
    #expect(
      batch.message == .bets(BetBatch(isSingle: false, offset: offset, count: 2, bets: 11..<43)))
    #expect(batch.bets == [ana, nameless])
  }

  private static func serverMessages() throws -> [(ServerMessage, [UInt8])] {
    let none = LotteryStatus(isDrawn: false, agencies: 0, connections: 0, seen: [])
    let some = LotteryStatus(
      isDrawn: true, agencies: 5, connections: 2,
      syncs: SyncTimes(count: 3, total: .milliseconds(12), longest: .milliseconds(6)),
      seen: [.init(number: 3, stored: 300, hasFinished: true, isConnected: true)])
    return [
      (.welcome(version: 1, state: .open, stored: 0, lastBet: nil), MessageSamples.welcome),
      (
        .welcome(version: 1, state: .drawn, stored: 1, lastBet: try Bets.ana()),
        MessageSamples.welcomeBack
      ),
      (.stored(65536), MessageSamples.stored),
      (.rejected(offset: 1, index: 2, code: .ruleBroken, reason: "no"), MessageSamples.rejected),
      (.confirmed, MessageSamples.confirmed),
      (.winners(more: true, documents: ["12", "3"]), MessageSamples.winners),
      (.winners(more: false, documents: []), MessageSamples.noWinners),
      (.error(code: .tooSlow, reason: ""), MessageSamples.error),
      (.status(more: false, some), MessageSamples.status),
      (.status(more: true, none), MessageSamples.statusGoesOn),
    ]
  }

  @Test(arguments: try serverMessages())
  func `every message of the server has the bytes that the contract says`(
    message: ServerMessage, expected: [UInt8]
  ) throws {
    #expect(message.frame == expected)
    #expect(try ServerMessage(frame: withoutHeader(expected).span) == message)
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

  private static let empty = "90 00 00 00000000 00000000 \(MessageSamples.noSyncs)"
  private static let oneAgency = empty + "0001 00000001 0000000000000000"

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
      // Texts that are not UTF-8.
      ("01 01 00000005 02C328", .hello, .textEncoding),
      ("83 0000000000000001 0002 01 01FF", .rejected, .textEncoding),
      ("8F 01 02C3C3", .error, .textEncoding), ("85 00 0001 01FF", .winners, .textEncoding),
      // Values that the contract does not name.
      ("81 01 03 0000000000000000", .welcome, .fieldValue("state", 3)),
      ("83 0000000000000001 0002 00 00", .rejected, .fieldValue("code", 0)),
      ("83 0000000000000001 0002 05 00", .rejected, .fieldValue("code", 5)),
      ("8F 00 00", .error, .fieldValue("code", 0)), ("8F 0A 00", .error, .fieldValue("code", 10)),
      ("85 02 0000", .winners, .fieldValue("more", 2)),
      ("90 02 \(empty.dropFirst(6)) 0000", .status, .fieldValue("more", 2)),
      ("90 00 FF \(empty.dropFirst(9)) 0000", .status, .fieldValue("drawn", 255)),
      (
        "90 00 00 00000000 00000000 0000000000000001 8000000000000000 0000000000000000 0000",
        .status, .fieldValue("syncTime", 0x8000_0000_0000_0000)
      ),
      (
        "90 00 00 00000000 00000000 0000000000000001 7FFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF 0000",
        .status, .fieldValue("longestSync", .max)
      ),
      (oneAgency + "02 00", .status, .fieldValue("finished", 2)),
      (oneAgency + "01 03", .status, .fieldValue("connected", 3)),
    ] as [(String, MessageType, BodyError)])
  func `a body that is wrong is refused`(frame: String, type: MessageType, error: BodyError) {
    let bytes = hex(frame)
    #expect(throws: WireError.body(type, error)) {
      try Self.decode(bytes, ofAgency: bytes[0] < 0x80)
    }
  }

  @Test func `a last bet that breaks a rule is refused, and the rule is named`() {
    let frame = hex("81 01 00 0000000000000001 0141 0142 0130 07CF0D01 00000899")
    let error = #expect(throws: WireError.self) { try ServerMessage(frame: frame.span) }
    let rule = "must be a date that exists, written YYYY-MM-DD"
    #expect(error?.description == "WELCOME: birthdate \"1999-13-1\": \(rule)")
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

  /// Decodes a frame as the side does that gets messages of this type.
  private static func decode(_ frame: [UInt8], ofAgency: Bool) throws(WireError) {
    if ofAgency {
      _ = try decodeFromAgency(frame)
    } else {
      _ = try ServerMessage(frame: frame.span)
    }
  }
}
