import LotteryProtocol

@testable import LotteryServer

extension BetStore {
  /// All bets stored, at once.
  func allBets() throws -> [Bet] {
    var bets: [Bet] = []
    var reader = try loadBets()
    while let bet = try reader.next() { bets.append(bet) }
    return bets
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
