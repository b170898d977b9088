/// The bytes of a bet on the wire (`PROTOCOL.md`, A bet): the one place that knows them.
enum BetWire {
  /// The bytes that a bet takes without its texts: three lengths, the date and the number.
  static let fixedSize = 3 + 4 + 4

  /// Takes a bet off the front of `cursor`, whose end is the end of `frame`.
  ///
  /// - Throws: ``BodyError/tooShort``; ``BodyError/invalidBet(_:)`` with the cursor after the bet.
  static func take(
    from cursor: inout Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) -> BetView {
    let sent = try takeFields(from: &cursor, in: frame)
    return try mapError(BodyError.invalidBet) { () throws(BetRuleViolation) in
      guard let birthdate = CalendarDate(year: sent.year, month: sent.month, day: sent.day) else {
        throw BetRuleViolation(
          .birthdate, value: "\(sent.year)-\(sent.month)-\(sent.day)", rule: BetRules.birthdate)
      }
      return try BetView(
        firstName: sent.firstName, lastName: sent.lastName, document: sent.document,
        birthdate: birthdate, number: sent.number, in: frame)
    }
  }

  /// The document and the number of the bet at the front of `bytes`, which lie in `frame`, whether
  /// or not they keep the rules.
  ///
  /// - Throws: ``BodyError/tooShort``
  static func label(
    _ bytes: Span<UInt8>, in frame: Span<UInt8>
  ) throws(BodyError) -> BetBatch.Label {
    var cursor = bytes
    let sent = try takeFields(from: &cursor, in: frame)
    return BetBatch.Label(
      document: String(repairing: frame.extracting(sent.document)), number: sent.number)
  }

  /// The fields of a bet as they were sent, in their order.
  private typealias Fields = (
    firstName: Range<Int>, lastName: Range<Int>, document: Range<Int>, year: UInt16, month: UInt8,
    day: UInt8, number: UInt32
  )

  private static func takeFields(
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

extension Array where Element == UInt8 {
  /// Appends the wire bytes of the bet that `located` finds in `source`.
  mutating func append(bet located: BetView, in source: Span<UInt8>) {
    append(
      bet: source.extracting(located.firstName), source.extracting(located.lastName),
      source.extracting(located.document), located.birthdate, located.number)
  }

  /// Appends the wire bytes of `bet`; the agency is the connection's and not written.
  mutating func append(bet: Bet) {
    append(
      bet: bet.firstName.utf8.span, bet.lastName.utf8.span, bet.document.utf8.span,
      bet.birthdate, bet.number)
  }

  private mutating func append(
    bet firstName: Span<UInt8>, _ lastName: Span<UInt8>, _ document: Span<UInt8>,
    _ birthdate: CalendarDate, _ number: UInt32
  ) {
    let size = BetWire.fixedSize + firstName.count + lastName.count + document.count
    append(addingCapacity: size) { bytes in
      bytes.append(text: firstName)
      bytes.append(text: lastName)
      bytes.append(text: document)
      bytes.append(bigEndian: birthdate.year)
      bytes.append(birthdate.month)
      bytes.append(birthdate.day)
      bytes.append(bigEndian: number)
    }
  }
}

extension OutputSpan where Element == UInt8 {
  /// Appends a text: its length in one byte, then its bytes.
  fileprivate mutating func append(text: Span<UInt8>) {
    append(UInt8(text.count))
    append(copying: text)
  }
}

extension BetView {
  /// How many bytes the bet takes on the wire.
  var wireSize: Int {
    BetWire.fixedSize + firstName.count + lastName.count + document.count
  }
}
