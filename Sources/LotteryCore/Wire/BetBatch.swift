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

  /// Appends the rows of `bets.csv` for the bets, all or nothing being up to the caller.
  ///
  /// The same as ``forEachBet(after:in:_:)`` with a row for each bet, but for the plain bets faster.
  ///
  /// - Parameters:
  ///   - known: so many bets at the front are passed over.
  ///   - lastRow: where the last row begins is put here.
  /// - Returns: the first bad bet of the others, or nil if all are good.
  /// - Throws: ``WireError`` where the bytes are not `count` bets.
  public func appendRows(
    of agency: UInt32, after known: Int, in frame: Span<UInt8>, to rows: inout [UInt8],
    lastRow: inout Int
  ) throws(WireError) -> BadBet? {
    var cursor = frame.extracting(bets.lowerBound...)
    var bad: BadBet?
    var index = 0
    while index < count {
      if bad == nil, index >= known {
        let decoder = rows.appendPlainBets(of: agency, in: cursor, most: count - index)
        cursor = cursor.extracting(decoder.consumed...)
        index += decoder.bets
        if decoder.bets > 0 { lastRow = decoder.lastRow }
        if index == count { break }
      }
      switch BetWire.take(from: &cursor, in: frame) {
      case .success(let bet):
        if bad == nil, index >= known {
          lastRow = rows.count
          rows.append(csvRow: bet, agency: agency, in: frame)
        }
      case .failure(let violation):
        if bad == nil, index >= known { bad = BadBet(index: index, violation: violation) }
      case nil: throw .bodyTooShort(type)
      }
      index += 1
    }
    guard cursor.isEmpty else { throw .bodyTooLong(type, extra: cursor.count) }
    return bad
  }

  private var type: UInt8 { isSingle ? MessageType.bet : MessageType.batch }

  /// By what a person knows a bet: as it was sent, which may be against the rules.
  public struct Label: Hashable, Sendable {
    /// The document; bytes that are no UTF-8 are replaced.
    public let document: String
    /// The number that was bet on.
    public let number: UInt32

    /// The label of a bet.
    public init(document: String, number: UInt32) {
      self.document = document
      self.number = number
    }
  }

  /// The label of a BET's bet, also where that breaks a rule; nil for a BATCH.
  public func label(in frame: Span<UInt8>) -> Label? {
    isSingle ? BetWire.label(frame.extracting(bets), in: frame) : nil
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
    after known: Int = 0, in frame: Span<UInt8>, _ take: (Int, BetView) -> Void
  ) throws(WireError) -> BadBet? {
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
