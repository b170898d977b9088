import Testing
import TestSupport

@testable import LotteryProtocol

@Suite struct FrameTests {
  /// Feeds `chunks` one after the other and returns the frames that come out, headers left out.
  private func frames(_ chunks: [ArraySlice<UInt8>]) throws(WireError) -> [[UInt8]] {
    var buffer = InputBuffer(capacity: ProtocolLimits.packetSize)
    var found: [[UInt8]] = []
    for chunk in chunks {
      buffer.feed(chunk)
      while let frame = try buffer.nextFrame() {
        found.append(Array(buffer.storage[frame]))
        buffer.consume(frame: frame)
      }
    }
    precondition(buffer.unread.isEmpty, "an incomplete frame is left")
    return found
  }

  @Test(
    arguments: [
      ("00000000", 0), ("00001F3D", 7997), ("00001F40", 8000), ("01000000", 1 << 24),
      ("FFFFFFFF", .max),
    ] as [(String, UInt32)])
  func `a length out of range is refused as soon as the header is there`(
    header: String, length: UInt32
  ) {
    #expect(throws: WireError.frameLength(length)) { try frames([hex(header)[...]]) }
  }

  @Test(arguments: [("00000001", 1), ("00001F3B", 7995), ("00001F3C", 7996)])
  func `a length within range is taken`(header: String, length: Int) throws {
    let body = [UInt8](repeating: 0x2A, count: length)
    #expect(try frames([(hex(header) + body)[...]]) == [body])
  }

  @Test(arguments: 0...3) func `a header that is not complete announces nothing`(size: Int) throws {
    let header = [UInt8](repeating: 0xFF, count: size)
    let frame = try header.span.nextFrame(in: header.indices)
    #expect(frame == nil)
  }

  @Test func `a frame stays where it is until it is consumed`() throws {
    var buffer = InputBuffer(capacity: ProtocolLimits.packetSize)
    buffer.feed(MessageSamples.stored)
    for _ in 1...2 {
      let frame = try buffer.nextFrame()
      #expect(frame == 4..<13)
    }
    buffer.consume(frame: 4..<13)
    let frame = try buffer.nextFrame()
    #expect(frame == nil)
  }

  @Test(arguments: [1, 2, 256, 7995, 7996])
  func `the header that a frame gets says its length`(length: Int) {
    var bytes: [UInt8] = [0xEE]
    bytes.appendFrame(.stored) { $0 += [UInt8](repeating: 0, count: length - 1) }
    #expect(bytes.prefix(6) == [0xEE, 0, 0, UInt8(length >> 8), UInt8(length & 0xFF), 0x82])
    #expect(bytes.count == 1 + 4 + length)
  }
}
