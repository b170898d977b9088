import LotteryCore
import Testing

@testable import LotteryServer

extension BetStore {
  /// All bets stored, at once.
  func allBets() throws -> [StoredBet] {
    var bets: [StoredBet] = []
    var reader = try BetReader(path: directory.bets)
    while let (agency, view) = try reader.nextLocated() {
      bets.append(StoredBet(agency: agency, bet: Bet(view, in: reader.bytes.span)))
    }
    return bets
  }

  /// All bets stored, which must be those of `agency`.
  func bets(of agency: UInt32 = 1) throws -> [Bet] {
    let all = try allBets()
    #expect(all.allSatisfy { $0.agency == agency })
    return all.map(\.bet)
  }

  /// Stores bets of `agency`.
  func storeBets(_ bets: [Bet], of agency: UInt32 = 1) async throws {
    let claim = Claim(agency: agency) {}
    _ = await take(claim)
    try await store(bets, by: claim)
    release(claim)
  }

  /// Stores bets of any agencies, those of one that follow each other together.
  func storeBets(_ bets: [StoredBet]) async throws {
    var rest = bets[...]
    while let agency = rest.first?.agency {
      let batch = rest.prefix { $0.agency == agency }
      rest = rest.dropFirst(batch.count)
      try await storeBets(batch.map(\.bet), of: agency)
    }
  }

  /// Stores bets of one agency on behalf of a connection that holds `claim`.
  func store(_ bets: [Bet], by claim: Claim) async throws {
    let frame = Frames.batch(bets, at: 0)[ProtocolLimits.frameHeaderSize...]
    let batch = BetBatch(isSingle: false, offset: 0, count: bets.count, bets: 11..<frame.count)
    var group = BetGroup()
    _ = try group.add(batch, agency: claim.agency, known: 0, in: Array(frame).span)
    try await store(group, by: claim)
  }
}
