import Testing
import TestSupport

@testable import LotteryCore

@Suite struct MalformedMessageTests {
  private func type(of frame: [UInt8]) throws -> MessageType {
    try #require(MessageType(rawValue: frame[0]))
  }

  @Test(arguments: MessageSamples.ofAgency)
  func `every truncation of what an agency sends is refused`(whole: [UInt8]) throws {
    let frame = withoutHeader(whole)
    let type = try type(of: frame)
    for size in 1..<frame.count {
      #expect(throws: WireError.body(type, .tooShort), "\(size) bytes of \(frame.count)") {
        try decodeFromAgency(Array(frame.prefix(size)))
      }
    }
  }

  @Test(arguments: MessageSamples.ofServer)
  func `every truncation of what the server sends is refused`(whole: [UInt8]) throws {
    let frame = withoutHeader(whole)
    let type = try type(of: frame)
    for size in 1..<frame.count {
      #expect(throws: WireError.body(type, .tooShort), "\(size) bytes of \(frame.count)") {
        try ServerMessage(frame: frame.span.extracting(..<size))
      }
    }
  }

  @Test(arguments: MessageSamples.ofAgency)
  func `spare bytes after what an agency sends are refused`(whole: [UInt8]) throws {
    let frame = withoutHeader(whole)
    let type = try type(of: frame)
    for extra in [1, 2, 100] {
      #expect(throws: WireError.body(type, .tooLong(extra: extra))) {
        try decodeFromAgency(frame + [UInt8](repeating: 0, count: extra))
      }
    }
  }

  @Test(arguments: MessageSamples.ofServer)
  func `spare bytes after what the server sends are refused`(whole: [UInt8]) throws {
    let frame = withoutHeader(whole)
    let type = try type(of: frame)
    for extra in [1, 2, 100] {
      let longer = frame + [UInt8](repeating: 0, count: extra)
      #expect(throws: WireError.body(type, .tooLong(extra: extra))) {
        try ServerMessage(frame: longer.span)
      }
    }
  }

  @Test func `a type that an agency does not send is refused`() {
    let known: [UInt8] = [0x01, 0x02, 0x03, 0x04, 0x05, 0x10, 0x11]
    for type in UInt8.min...UInt8.max where !known.contains(type) {
      #expect(throws: WireError.unknownType(type)) { try decodeFromAgency([type]) }
    }
  }

  @Test func `a type that the server does not send is refused`() {
    let known: [UInt8] = [0x81, 0x82, 0x83, 0x84, 0x85, 0x8F, 0x90, 0x91]
    for type in UInt8.min...UInt8.max where !known.contains(type) {
      let frame = [type]
      #expect(throws: WireError.unknownType(type)) {
        try ServerMessage(frame: frame.span)
      }
    }
  }

  @Test func `a batch of no bets is refused`() {
    #expect(throws: WireError.body(.batch, .emptyBatch)) {
      try decodeFromAgency(hex("03 0000000000000000 0000"))
    }
  }

  @Test func `a batch that announces more bets than it holds is refused`() {
    #expect(throws: WireError.body(.batch, .tooShort)) {
      try decodeFromAgency(hex("03 0000000000000000 0003" + MessageSamples.ana))
    }
  }

  @Test func `a batch that announces fewer bets than it holds is refused`() {
    let bets = MessageSamples.ana + MessageSamples.ana
    #expect(throws: WireError.body(.batch, .tooLong(extra: 20))) {
      try decodeFromAgency(hex("03 0000000000000000 0001" + bets))
    }
  }

  @Test func `a body that is too short outweighs a bet that breaks a rule`() {
    let letters = "0141 0142 0143 07CF0311 00000899"
    #expect(throws: WireError.body(.batch, .tooShort)) {
      try decodeFromAgency(hex("03 0000000000000000 0002" + letters))
    }
  }

  @Test func `a key that is not UTF-8 is refused`() {
    #expect(throws: WireError.body(.hello, .textEncoding)) {
      try decodeFromAgency(hex("01 01 00000005 02C328"))
    }
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
