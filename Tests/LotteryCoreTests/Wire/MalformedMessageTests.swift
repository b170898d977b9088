import Testing
import TestSupport

@testable import LotteryCore

@Suite("Messages that cannot be decoded")
struct MalformedMessageTests {
  @Test("Every truncation of what an agency sends is refused", arguments: MessageSamples.ofAgency)
  func truncatedFromAgency(whole: [UInt8]) {
    let frame = withoutHeader(whole)
    for size in 1..<frame.count {
      #expect(throws: WireError.bodyTooShort(frame[0]), "\(size) bytes of \(frame.count)") {
        try decodeFromAgency(Array(frame.prefix(size)))
      }
    }
  }

  @Test("Every truncation of what the server sends is refused", arguments: MessageSamples.ofServer)
  func truncatedFromServer(whole: [UInt8]) {
    let frame = withoutHeader(whole)
    for size in 1..<frame.count {
      #expect(throws: WireError.bodyTooShort(frame[0]), "\(size) bytes of \(frame.count)") {
        try ServerMessage(frame: frame.span.extracting(..<size), agency: 5)
      }
    }
  }

  @Test("Spare bytes behind what an agency sends are refused", arguments: MessageSamples.ofAgency)
  func spareFromAgency(whole: [UInt8]) {
    let frame = withoutHeader(whole)
    for extra in [1, 2, 100] {
      #expect(throws: WireError.bodyTooLong(frame[0], extra: extra)) {
        try decodeFromAgency(frame + [UInt8](repeating: 0, count: extra))
      }
    }
  }

  @Test("Spare bytes behind what the server sends are refused", arguments: MessageSamples.ofServer)
  func spareFromServer(whole: [UInt8]) {
    let frame = withoutHeader(whole)
    for extra in [1, 2, 100] {
      let longer = frame + [UInt8](repeating: 0, count: extra)
      #expect(throws: WireError.bodyTooLong(frame[0], extra: extra)) {
        try ServerMessage(frame: longer.span, agency: 5)
      }
    }
  }

  @Test("A type that an agency does not send is refused")
  func unknownFromAgency() {
    let known: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x10, 0x11]
    for type in UInt8.min...UInt8.max where !known.contains(type) {
      #expect(throws: WireError.unknownType(type)) { try decodeFromAgency([type]) }
    }
  }

  @Test("A type that the server does not send is refused")
  func unknownFromServer() {
    let known: [UInt8] = [0x81, 0x82, 0x83, 0x84, 0x85, 0x8F, 0x90, 0x91]
    for type in UInt8.min...UInt8.max where !known.contains(type) {
      let frame = [type]
      #expect(throws: WireError.unknownType(type)) {
        try ServerMessage(frame: frame.span, agency: 5)
      }
    }
  }

  @Test("A batch of no bets is refused")
  func emptyBatch() {
    #expect(throws: WireError.emptyBatch) {
      try decodeFromAgency(hex("03 0000000000000000 0000"))
    }
  }

  @Test("A batch that announces more bets than it holds is refused")
  func missingBet() {
    #expect(throws: WireError.bodyTooShort(0x03)) {
      try decodeFromAgency(hex("03 0000000000000000 0003" + MessageSamples.ana))
    }
  }

  @Test("A batch that announces fewer bets than it holds is refused")
  func spareBet() {
    let bets = MessageSamples.ana + MessageSamples.ana
    #expect(throws: WireError.bodyTooLong(0x03, extra: 20)) {
      try decodeFromAgency(hex("03 0000000000000000 0001" + bets))
    }
  }

  @Test("A body that is too short outweighs a bet that breaks a rule")
  func shortBehindBadBet() {
    let letters = "0141 0142 0143 07CF0311 00000899"
    #expect(throws: WireError.bodyTooShort(0x03)) {
      try decodeFromAgency(hex("03 0000000000000000 0002" + letters))
    }
  }

  @Test("A key that is not UTF-8 is refused")
  func keyEncoding() {
    #expect(throws: WireError.textEncoding(0x01)) {
      try decodeFromAgency(hex("01 01 00000005 02C328"))
    }
  }

  @Test(
    "Each error is one line that names what was wrong",
    arguments: [
      (.frameLength(7997), "frame length 7997: must be 1 to 7996"),
      (.unknownType(0), "message type 0x00 is not one of this protocol's"),
      (.bodyTooShort(0x8F), "message 0x8F: the body is too short"),
      (.bodyTooLong(1, extra: 2), "message 0x01: 2 bytes too many"),
      (.emptyBatch, "a batch must hold at least one bet"),
      (.textEncoding(1), "message 0x01: a text is not valid UTF-8"),
      (.fieldValue(0x81, field: "state", value: 3), "message 0x81: state must not be 3"),
    ] as [(WireError, String)])
  func description(error: WireError, expected: String) {
    #expect(error.description == expected)
  }
}
