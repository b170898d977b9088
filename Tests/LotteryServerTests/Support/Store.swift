import LotteryCore

@testable import LotteryServer

extension BetStore {
  /// All bets stored, at once.
  func allBets() throws -> [Bet] {
    var bets: [Bet] = []
    var reader = try BetReader(path: directory.bets)
    while let bet = try reader.next() { bets.append(bet) }
    return bets
  }

  /// Stores bets of any agencies, those of one that follow each other together.
  func storeBets(_ bets: some Collection<Bet>) async throws {
    var rest = bets[...]
    while let agency = rest.first?.agency {
      let batch = Array(rest.prefix { $0.agency == agency })
      rest = rest.dropFirst(batch.count)
      let claim = Claim(agency: agency) {}
      _ = await take(claim)
      try await store(batch, by: claim)
      release(claim)
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
