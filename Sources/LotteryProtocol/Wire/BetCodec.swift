/// The bytes of a bet on the wire (`PROTOCOL.md`, A bet): the one place that knows them.
enum BetWire {
  /// The bytes that a bet takes without its texts: three lengths, the date and the number.
  static let fixedSize = 3 + 4 + 4

  /// Takes a bet off the front of `cursor`, whose end is the end of `frame`.
  /// - Throws: ``BodyError/tooShort``; ``BodyError/invalidBet(_:)`` with the cursor after the bet.
  static func take(
    from cursor: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) -> BetView {
    let sent = try takeFields(from: &cursor, in: frame)
    do throws(BetRuleViolation) {
      guard let birthdate = CalendarDate(year: sent.year, month: sent.month, day: sent.day) else {
        let date = "\(sent.year)-\(sent.month)-\(sent.day)"
        throw BetRuleViolation(.birthdate, value: date.utf8.span, rule: BetRules.birthdate)
      }
      return try BetView(
        firstName: sent.firstName, lastName: sent.lastName, document: sent.document,
        birthdate: birthdate, number: sent.number, in: frame)
    } catch {
      throw .invalidBet(error)
    }
  }

  typealias Fields = (
    firstName: Range<Int>, lastName: Range<Int>, document: Range<Int>, year: UInt16, month: UInt8,
    day: UInt8, number: UInt32
  )

  static func takeFields(
    from cursor: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) -> Fields {
    (
      firstName: try cursor.takeText(in: frame), lastName: try cursor.takeText(in: frame),
      document: try cursor.takeText(in: frame), year: try cursor.takeInteger(),
      month: try cursor.takeInteger(), day: try cursor.takeInteger(),
      number: try cursor.takeInteger()
    )
  }
}

extension BetView {
  var wireSize: Int { BetWire.fixedSize + firstName.count + lastName.count + document.count }
}

extension Array where Element == UInt8 {
  /// Appends the wire bytes of the bet that `view` finds in `source`; the agency is the
  /// connection's and not written.
  mutating func append(bet view: BetView, in source: Span<UInt8>) {
    append(addingCapacity: view.wireSize) { bytes in
      bytes.append(text: source.extracting(view.firstName))
      bytes.append(text: source.extracting(view.lastName))
      bytes.append(text: source.extracting(view.document))
      bytes.append(bigEndian: view.birthdate.year)
      bytes.append(view.birthdate.month)
      bytes.append(view.birthdate.day)
      bytes.append(bigEndian: view.number)
    }
  }

  mutating func append(bet: Bet) { append(bet: bet.view, in: bet.texts.span) }
}

/// A BATCH or a BET as it arrives: its bets are still bytes in the frame.
public struct BetBatch: Hashable, Sendable {
  /// Whether it came as BET, the single bet of exercise 5.
  public let isSingle: Bool
  /// Bets of this agency that precede the batch.
  public let offset: UInt64
  /// How many bets it holds: 1 to 65535.
  public let count: Int
  /// Where the bets lie in the frame: all of it after the count.
  public let bets: Range<Int>
}

extension BetBatch {
  var type: MessageType { isSingle ? .bet : .batch }

  /// Takes the fields of a BATCH or a BET off the front of `fields`; the bets stay in `frame`.
  init(
    _ type: MessageType, fields: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) {
    isSingle = type == .bet
    offset = try fields.takeInteger()
    count = isSingle ? 1 : Int(try fields.takeInteger(UInt16.self))
    guard count > 0 else { throw .emptyBatch }
    bets = fields.takeRest(in: frame)
  }

  /// Appends the frame; the bets are those in `frame`.
  func append(to bytes: inout [UInt8], in frame: Span<UInt8>) {
    precondition(bets.upperBound <= frame.count, "needs the frame that the batch came in")
    bytes.appendFrame(type) { body in
      body.append(bigEndian: offset)
      if !isSingle { body.append(bigEndian: UInt16(count)) }
      body.append(copying: frame.extracting(bets))
    }
  }

  /// Appends a BET, with the number of bets that precede `bet` as `offset`.
  public static func appendSingle(_ bet: Bet, offset: UInt64, to bytes: inout [UInt8]) {
    bytes.appendFrame(.bet) { bytes in
      bytes.append(bigEndian: offset)
      bytes.append(bet: bet)
    }
  }

  /// What the log shows of a bet: as it was sent, which may be against the rules.
  public struct Label: Hashable, Sendable {
    /// Bytes that are not UTF-8 are replaced.
    public let document: String
    /// The number that was bet on.
    public let number: UInt32
  }

  /// The label of a BET's bet, also if that breaks a rule; nil for a BATCH.
  public func label(in frame: Span<UInt8>) -> Label? {
    var bytes = frame.extracting(bets)
    guard isSingle, let sent = try? BetWire.takeFields(from: &bytes, in: frame) else { return nil }
    return Label(
      document: String(repairing: frame.extracting(sent.document)), number: sent.number)
  }

  /// The first bet of a batch that breaks a rule.
  public struct BadBet: Error, Hashable, Sendable {
    /// Its place in the batch, from 0.
    public let index: Int
    /// What is wrong with it.
    public let violation: BetRuleViolation
  }

  /// Calls `take` with the bets, in order.
  ///
  /// All bytes are looked at even if a bet is bad: a body that cannot be decoded outweighs a bet
  /// that breaks a rule.
  /// - Parameters:
  ///   - known: so many bets at the front are passed over, whether they keep the rules or not: the
  ///     server holds them.
  ///   - takePlain: takes as many of the bets at the front of its bytes as it can, at most the
  ///     number given, and returns how many bytes and bets those are.
  ///   - take: gets the index of each other bet and the bet, up to the first bad one.
  /// - Returns: the first bad bet of the others, or nil if all are good. What to do with those
  ///   before it is up to the caller.
  /// - Throws: ``WireError`` if the bytes are not `count` bets.
  public func forEachBet(
    after known: Int = 0, in frame: Span<UInt8>,
    takePlain: (Span<UInt8>, Int) -> (bytes: Int, bets: Int) = { _, _ in (0, 0) },
    _ take: (Int, BetView) -> Void
  ) throws(WireError) -> BadBet? {
    var cursor = frame.extracting(bets.lowerBound...)
    var bad: BadBet?
    var index = 0
    // Plain bets are tried again at `next`. An attempt that takes none doubles the pause until
    // then: it may have looked at the whole frame, and one at each bet would be quadratic.
    var (next, pause) = (0, 1)
    while index < count {
      let isNew = bad == nil && index >= known
      if isNew, index >= next {
        let taken = takePlain(cursor, count - index)
        cursor = cursor.extracting(taken.bytes...)
        index += taken.bets
        if index == count { break }
        pause = taken.bets > 0 ? 1 : min(2 * pause, Self.longestPause)
        next = index + pause
      }
      do throws(BodyError) {
        let bet = try BetWire.take(from: &cursor, in: frame)
        if isNew { take(index, bet) }
      } catch {
        guard case .invalidBet(let violation) = error else { throw .body(type, error) }
        if isNew { bad = BadBet(index: index, violation: violation) }
      }
      index += 1
    }
    guard cursor.isEmpty else { throw .body(type, .tooLong(extra: cursor.count)) }
    return bad
  }

  /// The most bets that are read one by one before plain ones are tried again.
  private static let longestPause = 64

  /// Appends the rows of `bets.csv` for the bets: the same as ``forEachBet(after:in:takePlain:_:)``
  /// with a row for each bet, but faster for plain bets.
  /// - Parameter lastRow: is set to where the last row begins.
  package func appendRows(
    of agency: UInt32, after known: Int, in frame: Span<UInt8>, to rows: inout [UInt8],
    lastRow: inout Int
  ) throws(WireError) -> BadBet? {
    try forEachBet(
      after: known, in: frame,
      takePlain: { bets, most in
        let decoder = rows.appendPlainBets(of: agency, in: bets, most: most)
        if decoder.bets > 0 { lastRow = decoder.lastRow }
        return (decoder.consumed, decoder.bets)
      },
      { _, bet in
        lastRow = rows.count
        rows.append(csvRow: bet, agency: agency, in: frame)
      })
  }
}
