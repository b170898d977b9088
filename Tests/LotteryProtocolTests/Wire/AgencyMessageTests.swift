import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct AgencyMessageTests {
  @Test(
    arguments: [
      (.hello(agency: 5, key: "ab"), MessageSamples.hello),
      (.finished(total: 300), MessageSamples.finished),
      (.winnersQuery, MessageSamples.winnersQuery), (.statusQuery, MessageSamples.statusQuery),
    ] as [(AgencyMessage, [UInt8])])
  func `every message without bets has the bytes that the contract says`(
    message: AgencyMessage, expected: [UInt8]
  ) throws {
    #expect(message.frame == expected)
    #expect(try decodeFromAgency(withoutHeader(expected)).message == message)
  }

  @Test func `BET has the bytes that the contract says`() throws {
    let ana = try Bets.ana()
    var bytes: [UInt8] = []
    BetBatch.appendSingle(ana, offset: 7, to: &bytes)
    #expect(bytes == MessageSamples.bet)
    let (message, bets, bad) = try decodeFromAgency(withoutHeader(MessageSamples.bet))
    #expect(message == .bets(BetBatch(isSingle: true, offset: 7, count: 1, bets: 9..<29)))
    #expect(bets == [ana])
    #expect(bad == nil)
  }

  @Test func `BATCH has the bytes that the contract says`() throws {
    let expected = [try Bets.ana(), try Bets.nameless()]
    var builder = BatchBuilder(maxAmount: 2)
    var bytes: [UInt8] = []
    for bet in expected { try builder.append(bet, offset: 0x0102_0304_0506_0708, to: &bytes) }
    #expect(builder.finish(&bytes) == 2)
    #expect(bytes == MessageSamples.batch)
    let (message, bets, bad) = try decodeFromAgency(withoutHeader(MessageSamples.batch))
    let offset: UInt64 = 0x0102_0304_0506_0708
    #expect(message == .bets(BetBatch(isSingle: false, offset: offset, count: 2, bets: 11..<43)))
    #expect(bets == expected)
    #expect(bad == nil)
  }

  @Test func `a HELLO of another version is taken, whatever follows the version`() throws {
    let message = try AgencyMessage(frame: hex("01 02 FFFFFFFFFF").span)
    #expect(message == .otherVersion(2))
  }

  @Test func `a message is appended after what is there already`() {
    var bytes = MessageSamples.winnersQuery
    AgencyMessage.finished(total: 300).append(to: &bytes)
    AgencyMessage.hello(agency: 5, key: "ab").append(to: &bytes)
    #expect(bytes == MessageSamples.winnersQuery + MessageSamples.finished + MessageSamples.hello)
  }
}
