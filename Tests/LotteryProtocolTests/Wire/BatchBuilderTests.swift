import Testing
import TestSupport

@testable import LotteryProtocol

@Suite struct BatchBuilderTests {
  /// A batch that 485 bytes separate from 8000: 15 bytes of head and 25 bets of 300 bytes.
  private func nearlyFull(_ bytes: inout [UInt8]) throws -> BatchBuilder {
    var builder = BatchBuilder(maxAmount: 1000)
    let start = bytes.count
    for _ in 0..<25 { try builder.append(sizedBet(300), offset: 0, to: &bytes) }
    #expect(bytes.count - start == 8000 - 485)
    return builder
  }

  @Test(arguments: [(484, true), (485, true), (486, false)])
  func `a batch takes a bet up to 8000 bytes`(size: Int, fits: Bool) throws {
    var bytes: [UInt8] = []
    let builder = try nearlyFull(&bytes)
    #expect(builder.hasRoom(for: try sizedBet(size).located().bet, in: bytes) == fits)
  }

  @Test func `only the batch's own bytes count, not those of batches in front of it`() throws {
    var bytes = [UInt8](repeating: 0, count: 5000)
    let builder = try nearlyFull(&bytes)
    #expect(builder.hasRoom(for: try sizedBet(485).located().bet, in: bytes))
    #expect(!builder.hasRoom(for: try sizedBet(486).located().bet, in: bytes))
  }

  @Test func `a batch of exactly 8000 bytes is one that the decoder takes`() throws {
    var bytes: [UInt8] = []
    var builder = try nearlyFull(&bytes)
    try builder.append(sizedBet(485), offset: 0, to: &bytes)
    #expect(builder.finish(&bytes) == 26)
    #expect(bytes.count == 8000)
    #expect(try bytes.span.nextFrame(in: bytes.indices) == 4..<8000)
    #expect(try decodeFromAgency(withoutHeader(bytes)).bets.count == 26)
  }

  @Test(arguments: [1, 2, 3, 300]) func `a batch takes as many bets as it may`(amount: Int) throws {
    var builder = BatchBuilder(maxAmount: amount)
    var bytes: [UInt8] = []
    let (bet, source) = try Bets.nameless().located()
    for placed in 0..<amount {
      #expect(builder.hasRoom(for: bet, in: bytes), "after \(placed) bets")
      builder.append(bet, in: source.span, offset: 0, to: &bytes)
    }
    #expect(!builder.hasRoom(for: bet, in: bytes))
    #expect(builder.count == amount)
    #expect(builder.finish(&bytes) == amount)
    #expect(builder.hasRoom(for: bet, in: bytes))
  }

  @Test func `a builder that holds nothing ends nothing`() {
    var builder = BatchBuilder(maxAmount: 10)
    var bytes: [UInt8] = [1, 2, 3]
    #expect(builder.finish(&bytes) == 0)
    #expect(bytes == [1, 2, 3])
  }

  @Test func `each batch carries the offset that its first bet was given`() throws {
    var builder = BatchBuilder(maxAmount: 2)
    var bytes: [UInt8] = []
    for offset in 0..<3 as Range<UInt64> {
      if offset == 2 { #expect(builder.finish(&bytes) == 2) }
      try builder.append(Bets.nameless(), offset: offset, to: &bytes)
    }
    #expect(builder.finish(&bytes) == 1)
    let nameless = MessageSamples.nameless
    let first = hex("00000023 03 0000000000000000 0002" + nameless + nameless)
    #expect(bytes == first + hex("00000017 03 0000000000000002 0001" + nameless))
  }

  @Test func `the largest bet fits into an empty batch`() throws {
    let text = String(repeating: "ñ", count: 127) + "a"
    let bet = try Bet(
      firstName: text, lastName: text, document: "12345678901234567890",
      birthdate: "2000-02-29", number: "0")
    var builder = BatchBuilder(maxAmount: 1)
    var bytes: [UInt8] = []
    #expect(builder.hasRoom(for: try bet.located().bet, in: bytes))
    try builder.append(bet, offset: 0, to: &bytes)
    #expect(builder.finish(&bytes) == 1)
    #expect(bytes.count == 15 + 11 + 255 + 255 + 20)
  }
}
