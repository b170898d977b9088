import LotteryCore
import TestSupport
import Testing

@testable import AgencyClient

/// The delivery of one bet.
@Suite struct BetDeliveryTests {
  @Test func `a bet that was not sent is sent after the stored ones, whatever they are`() throws {
    var delivery = try BetDelivery(sampleBet(0))
    #expect(!delivery.isInDoubt)
    #expect(try delivery.step(stored: 3, lastBet: sampleBet(0)) == .send(offset: 3))
    #expect(delivery.isInDoubt)
    delivery.noteAnswer()
    #expect(!delivery.isInDoubt)
  }

  @Test(
    arguments: [
      (0, 1, .send(offset: 0), true), (2, 0, .send(offset: 2), true),
      (3, 0, .send(offset: 3), true), (3, 1, .send(offset: 3), true), (4, 0, .stored, false),
      (4, 1, .send(offset: 4), true), (5, 0, .unknown(offset: 3), true),
      (5, 1, .unknown(offset: 3), true), (.max, 0, .unknown(offset: 3), true),
    ] as [(UInt64, Int, BetDelivery.Step, Bool)])
  func `after a bet was sent at offset 3, WELCOME tells its fate`(
    stored: UInt64, last: Int, step: BetDelivery.Step, isInDoubt: Bool
  ) throws {
    var delivery = try BetDelivery(sampleBet(0))
    _ = delivery.step(stored: 3, lastBet: nil)
    #expect(try delivery.step(stored: stored, lastBet: sampleBet(last)) == step)
    #expect(delivery.isInDoubt == isInDoubt)
  }

  @Test func `a bet that was rejected leaves no doubt`() throws {
    var delivery = try BetDelivery(sampleBet(0))
    _ = delivery.step(stored: 3, lastBet: nil)
    delivery.noteAnswer()
    #expect(try delivery.step(stored: 5, lastBet: sampleBet(1)) == .send(offset: 5))
  }

  @Test func `the largest offsets do not crash it`() throws {
    var delivery = try BetDelivery(sampleBet(0))
    for _ in 0..<2 {
      #expect(try delivery.step(stored: .max, lastBet: sampleBet(0)) == .send(offset: .max))
    }
  }

  @Test(arguments: 0..<2000 as Range<UInt64>)
  func
    `the bet is never stored twice, and success is true`(
      seed: UInt64
    ) throws
  {
    var model = try Model(seed: seed)
    let outcome = try model.run()
    let count = model.held.count { $0 == model.bet }
    #expect(count <= 1)
    switch outcome {
    case .stored: #expect(count == 1)
    case .unknown:
      #expect(model.hasOthers)
      #expect(model.lost > 0)
    default: Issue.record("\(outcome)")
    }
  }

  /// A server, a network that loses connections, and another process of the same agency.
  private struct Model {
    let bet: Bet
    var held: [Bet] = []
    var lost = 0
    let hasOthers: Bool
    private var random: SeededGenerator
    private var others = 1

    init(seed: UInt64) throws {
      random = SeededGenerator(seed: seed)
      hasOthers = random.oneIn(2)
      bet = try sampleBet(0)
    }

    /// Connects until something is known. The network heals in the end.
    mutating func run() throws -> BetDelivery.Step {
      var delivery = BetDelivery(bet)
      while true {
        try otherBets()
        let step = delivery.step(stored: UInt64(held.count), lastBet: held.last)
        guard case .send(let offset) = step else { return step }
        let fate = lost < 8 ? random.pick(Fate.allCases) : .answered
        if hasOthers, random.oneIn(8) {
          // It takes the claim over between WELCOME and BET, which is then lost.
          try otherBets()
          lost += 1
          continue
        }
        if fate == .rejected {
          delivery.noteAnswer()
          continue
        }
        if fate != .lostBet {
          try #require(offset == UInt64(held.count))
          held.append(bet)
        }
        if fate == .answered { return .stored }
        lost += 1
      }
    }

    private enum Fate: CaseIterable {
      case answered, lostBet, lostAnswer, rejected
    }

    private mutating func otherBets() throws {
      guard hasOthers else { return }
      for _ in 0..<random.pick([0, 0, 1, 2]) {
        held.append(try sampleBet(others))
        others += 1
      }
    }
  }
}
