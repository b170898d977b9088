import Testing
import TestSupport

@testable import LotteryProtocol

@Suite struct ServerMessageTests {
  static func messages() throws -> [(ServerMessage, [UInt8])] {
    [
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
      (
        .status(
          more: false,
          LotteryStatus(
            isDrawn: true, agencies: 5, connections: 2,
            syncs: SyncTimes(count: 3, total: .milliseconds(12), longest: .milliseconds(6)),
            seen: [.init(number: 3, stored: 300, hasFinished: true, isConnected: true)])),
        MessageSamples.status
      ),
      (
        .status(more: true, LotteryStatus(isDrawn: false, agencies: 0, connections: 0, seen: [])),
        MessageSamples.statusGoesOn
      ),
    ]
  }

  @Test(arguments: try messages())
  func `every message has the bytes that the contract says`(
    message: ServerMessage, expected: [UInt8]
  ) throws {
    var bytes: [UInt8] = []
    message.append(to: &bytes)
    #expect(bytes == expected)
    #expect(try ServerMessage(frame: withoutHeader(expected).span) == message)
  }

  @Test func `the codes of REJECTED are those of the contract's table`() {
    let expected: [RejectionCode] = [.ruleBroken, .notStored, .outOfSequence, .agencyFinished]
    #expect((1...4).map { RejectionCode(rawValue: $0) } == expected)
    #expect(RejectionCode.allCases.count == 4)
  }

  @Test func `the codes of ERROR are those of the contract's table`() {
    let expected: [ErrorCode] = [
      .malformed, .version, .unknownAgency, .wrongKey, .notNow, .totalsDiffer, .superseded,
      .shuttingDown, .tooSlow,
    ]
    #expect((1...9).map { ErrorCode(rawValue: $0) } == expected)
    #expect(ErrorCode.allCases.count == 9)
  }

  /// A STATUS about one agency, up to whether it has finished.
  private static let oneAgency =
    "90 00 00 00000000 00000000 \(MessageSamples.noSyncs) 0001 00000001 0000000000000000"

  @Test(
    arguments: [
      ("81 01 03 0000000000000000", .welcome, "state", 3),
      ("83 0000000000000001 0002 00 00", .rejected, "code", 0),
      ("83 0000000000000001 0002 05 00", .rejected, "code", 5),
      ("8F 00 00", .error, "code", 0),
      ("8F 0A 00", .error, "code", 10),
      ("85 02 0000", .winners, "more", 2),
      ("90 02 00 00000000 00000000 \(MessageSamples.noSyncs) 0000", .status, "more", 2),
      ("90 00 FF 00000000 00000000 \(MessageSamples.noSyncs) 0000", .status, "drawn", 255),
      (
        "90 00 00 00000000 00000000 0000000000000001 8000000000000000 0000000000000000 0000",
        .status, "syncTime", 0x8000_0000_0000_0000
      ),
      (
        "90 00 00 00000000 00000000 0000000000000001 7FFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF 0000",
        .status, "longestSync", .max
      ),
      (oneAgency + "02 00", .status, "finished", 2), (oneAgency + "01 03", .status, "connected", 3),
    ] as [(String, MessageType, String, UInt64)])
  func `a value that the contract does not name is refused`(
    frame: String, type: MessageType, field: String, value: UInt64
  ) {
    #expect(throws: WireError.body(type, .fieldValue(field, value))) {
      try ServerMessage(frame: hex(frame).span)
    }
  }

  @Test(
    arguments: [
      ("83 0000000000000001 0002 01 01FF", .rejected), ("8F 01 02C3C3", .error),
      ("85 00 0001 01FF", .winners),
    ] as [(String, MessageType)])
  func `a text that is not UTF-8 is refused`(frame: String, type: MessageType) {
    #expect(throws: WireError.body(type, .textEncoding)) {
      try ServerMessage(frame: hex(frame).span)
    }
  }

  @Test func `a last bet that breaks a rule is refused, and the rule is named`() {
    let frame = hex("81 01 00 0000000000000001 0141 0142 0130 07CF0D01 00000899")
    let error = #expect(throws: WireError.self) {
      try ServerMessage(frame: frame.span)
    }
    let rule = "must be a date that exists, written YYYY-MM-DD"
    #expect(error?.description == "WELCOME: birthdate \"1999-13-1\": \(rule)")
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
}
