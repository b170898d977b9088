import TestSupport
import Testing

@testable import LotteryCore

@Suite("What an agency sends")
struct AgencyMessageTests {
  @Test("HELLO has the bytes that the contract says")
  func hello() throws {
    var bytes: [UInt8] = []
    AgencyMessage.appendHello(agency: 5, key: "ab", to: &bytes)
    #expect(bytes == MessageSamples.hello)
    let message = try decodeFromAgency(withoutHeader(MessageSamples.hello)).message
    #expect(message == .hello(version: 1, agency: 5, key: "ab"))
  }

  @Test("BET has the bytes that the contract says")
  func bet() throws {
    let ana = try Bets.ana()
    var bytes: [UInt8] = []
    AgencyMessage.appendBet(ana, offset: 7, to: &bytes)
    #expect(bytes == MessageSamples.bet)
    let (message, bets, bad) = try decodeFromAgency(withoutHeader(MessageSamples.bet))
    #expect(message == .bets(BetBatch(isSingle: true, offset: 7, count: 1, bets: 9..<29)))
    #expect(bets == [ana])
    #expect(bad == nil)
  }

  @Test("BATCH has the bytes that the contract says")
  func batch() throws {
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

  @Test("FINISHED has the bytes that the contract says")
  func finished() throws {
    var bytes: [UInt8] = []
    AgencyMessage.appendFinished(total: 300, to: &bytes)
    #expect(bytes == MessageSamples.finished)
    let message = try decodeFromAgency(withoutHeader(MessageSamples.finished)).message
    #expect(message == .finished(total: 300))
  }

  @Test("WINNERS? has the bytes that the contract says")
  func winnersQuery() throws {
    var bytes: [UInt8] = []
    AgencyMessage.appendWinnersQuery(to: &bytes)
    #expect(bytes == MessageSamples.winnersQuery)
    let message = try decodeFromAgency(withoutHeader(MessageSamples.winnersQuery)).message
    #expect(message == .winnersQuery)
  }

  @Test("STATUS? has the bytes that the contract says")
  func statusQuery() throws {
    var bytes: [UInt8] = []
    AgencyMessage.appendStatusQuery(to: &bytes)
    #expect(bytes == MessageSamples.statusQuery)
    let message = try decodeFromAgency(withoutHeader(MessageSamples.statusQuery)).message
    #expect(message == .statusQuery)
  }

  @Test("SYNCS? has the bytes that the contract says")
  func syncsQuery() throws {
    var bytes: [UInt8] = []
    AgencyMessage.appendSyncsQuery(to: &bytes)
    #expect(bytes == MessageSamples.syncsQuery)
    let message = try decodeFromAgency(withoutHeader(MessageSamples.syncsQuery)).message
    #expect(message == .syncsQuery)
  }

  @Test("A HELLO of another version is taken, whatever follows the version")
  func otherVersion() throws {
    let message = try AgencyMessage(frame: hex("01 02 FFFFFFFFFF").span)
    #expect(message == .hello(version: 2, agency: 0, key: ""))
  }

  @Test("A message is appended behind what is there already")
  func appended() {
    var bytes = MessageSamples.winnersQuery
    AgencyMessage.appendFinished(total: 300, to: &bytes)
    AgencyMessage.appendHello(agency: 5, key: "ab", to: &bytes)
    #expect(
      bytes == MessageSamples.winnersQuery + MessageSamples.finished + MessageSamples.hello)
  }

  @Test("Whatever bets go into a batch come out of it", arguments: 0..<20 as Range<UInt64>)
  func randomBatches(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sent = try (0..<20).map { _ in try Bets.random(agency: 5, using: &random) }
    var builder = BatchBuilder(maxAmount: 20)
    var bytes: [UInt8] = []
    for bet in sent { try builder.append(bet, offset: seed, to: &bytes) }
    #expect(builder.finish(&bytes) == sent.count)
    #expect(try decodeFromAgency(withoutHeader(bytes)).bets == sent)
  }

  @Test("Whatever bet goes into BET comes out of it", arguments: 0..<20 as Range<UInt64>)
  func randomBets(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sent = try Bets.random(agency: 5, using: &random)
    var bytes: [UInt8] = []
    AgencyMessage.appendBet(sent, offset: seed, to: &bytes)
    #expect(try decodeFromAgency(withoutHeader(bytes)).bets == [sent])
  }
}
