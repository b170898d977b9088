/// A BATCH or a BET as it arrives: its bets are still bytes in the frame.
public struct BetBatch: Hashable, Sendable {
  /// Whether it came as BET, the single bet of exercise 5.
  public let isSingle: Bool
  /// Bets of this agency that precede the batch.
  public let offset: UInt64
  /// How many bets it holds, at least one.
  public let count: Int
  /// Where the bets lie in the frame.
  public let bets: Range<Int>

  /// A batch whose bets lie at `bets` in the frame it came in.
  public init(isSingle: Bool, offset: UInt64, count: Int, bets: Range<Int>) {
    self.isSingle = isSingle
    self.offset = offset
    self.count = count
    self.bets = bets
  }

  /// The first bet of a batch that breaks a rule.
  public struct BadBet: Error, Hashable, Sendable {
    /// Its place in the batch, from 0.
    public let index: Int
    /// What is wrong with it.
    public let violation: BetRuleViolation
  }

  /// Goes through the bets, in order, all or nothing being up to the caller.
  ///
  /// All bytes are looked at even where a bet is bad: a body that cannot be decoded outweighs a
  /// bet that breaks a rule.
  ///
  /// - Parameters:
  ///   - known: so many bets at the front are passed over, whether they keep the rules or not: the
  ///     server holds them.
  ///   - take: is called with the index of each other bet and the bet, up to the first bad one.
  /// - Returns: the first bad bet of the others, or nil if all are good.
  /// - Throws: ``WireError`` where the bytes are not `count` bets.
  public func forEachBet(
    after known: Int = 0, in frame: Span<UInt8>, _ take: (Int, LocatedBet) -> Void
  ) throws(WireError) -> BadBet? {
    let type = isSingle ? MessageType.bet : MessageType.batch
    var cursor = frame.extracting(bets.lowerBound...)
    var bad: BadBet?
    for index in 0..<count {
      switch BetWire.take(from: &cursor, in: frame) {
      case .success(let bet): if bad == nil, index >= known { take(index, bet) }
      case .failure(let violation):
        if bad == nil, index >= known { bad = BadBet(index: index, violation: violation) }
      case nil: throw .bodyTooShort(type)
      }
    }
    guard cursor.isEmpty else { throw .bodyTooLong(type, extra: cursor.count) }
    return bad
  }
}
