/// The columns of a bet in CSV. Nothing else knows them.
///
/// An agency's file has five, `first name,last name,document,birthdate,number`; `bets.csv` has the
/// agency in front of them (`PROTOCOL.md`, What the server keeps).
package enum BetCSV {
  private static let columns = ["first name", "last name", "document", "birthdate", "number"]

  /// Why a row is no bet.
  package enum Failure: Error, Hashable, Sendable, CustomStringConvertible {
    /// It has another number of fields than the columns expected.
    case columns(Int, expected: [String])
    case violation(BetRuleViolation)

    package var description: String {
      switch self {
      case .columns(let count, let expected):
        "\(count) fields: must be \(expected.count) (\(expected.joined(separator: ", ")))"
      case .violation(let violation): violation.description
      }
    }
  }

  /// The bet in the fields of a row of an agency's file.
  ///
  /// - Throws: ``Failure``, with the first field that breaks its rule.
  package static func bet(
    _ fields: [Range<Int>], in bytes: Span<UInt8>
  ) throws(Failure) -> BetView {
    guard fields.count == columns.count else {
      throw .columns(fields.count, expected: columns)
    }
    return try mapError(Failure.violation) { () throws(BetRuleViolation) in
      try bet(fields[...], in: bytes)
    }
  }

  /// The agency and the bet in the fields of a row of `bets.csv`.
  ///
  /// - Throws: ``Failure``, with the first field that breaks its rule.
  package static func storedBet(
    _ fields: [Range<Int>], in bytes: Span<UInt8>
  ) throws(Failure) -> (agency: UInt32, bet: BetView) {
    guard fields.count == 1 + columns.count else {
      throw .columns(fields.count, expected: ["agency"] + columns)
    }
    return try mapError(Failure.violation) { () throws(BetRuleViolation) in
      let digits = bytes.extracting(fields[0])
      guard let agency = UInt32(decimal: digits), agency > 0 else {
        throw BetRuleViolation(.agency, value: digits, rule: BetRules.agency)
      }
      return (agency, try bet(fields.dropFirst(), in: bytes))
    }
  }

  /// The agency and the bet in the row of `bets.csv` that `bytes` are or begin with, or nil if
  /// there is none.
  ///
  /// - Parameter bytes: at most two rows of the largest size.
  package static func storedBet(row bytes: Span<UInt8>) -> (agency: UInt32, bet: Bet)? {
    var scanner = CSVRowScanner(unread: bytes.indices, atEnd: true)
    var fields: [Range<Int>] = []
    fields.reserveCapacity(1 + columns.count)
    if (try? scanner.scan(bytes, into: &fields)) == .complete, !scanner.hasDoubledQuotes,
      let (agency, bet) = try? storedBet(fields, in: bytes)
    {
      return (agency, Bet(bet, in: bytes))
    }
    // The reader also skips a byte order mark, and replaces doubled quotes, in a copy.
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    guard reader.input.append(copying: bytes) == bytes.count,
      (try? reader.next(atEnd: true)) == .row,
      let (agency, bet) = try? storedBet(reader.fields, in: reader.input.storage.span)
    else { return nil }
    return (agency, Bet(bet, in: reader.input.storage.span))
  }

  private static func bet(
    _ fields: ArraySlice<Range<Int>>, in bytes: Span<UInt8>
  ) throws(BetRuleViolation) -> BetView {
    let first = fields.startIndex
    let date = bytes.extracting(fields[first + 3])
    guard let birthdate = CalendarDate(iso: date) else {
      throw BetRuleViolation(.birthdate, value: date, rule: BetRules.birthdate)
    }
    let digits = bytes.extracting(fields[first + 4])
    guard let number = UInt32(decimal: digits) else {
      throw BetRuleViolation(.number, value: digits, rule: BetRules.number)
    }
    return try BetView(
      firstName: fields[first], lastName: fields[first + 1], document: fields[first + 2],
      birthdate: birthdate, number: number, in: bytes)
  }
}

extension Array where Element == UInt8 {
  /// Appends a row of `bets.csv`, as Python's `csv.writer(quoting=QUOTE_MINIMAL)` writes it, for
  /// the bet that `located` finds in `source`.
  package mutating func append(
    csvRow located: BetView, agency: UInt32, in source: Span<UInt8>
  ) {
    append(
      agency: agency, source.extracting(located.firstName), source.extracting(located.lastName),
      source.extracting(located.document), located.birthdate, located.number)
  }

  package mutating func append(csvRow bet: Bet, agency: UInt32) {
    append(
      agency: agency, bet.firstName.utf8.span, bet.lastName.utf8.span,
      bet.document.utf8.span, bet.birthdate, bet.number)
  }

  private mutating func append(
    agency: UInt32, _ firstName: Span<UInt8>, _ lastName: Span<UInt8>, _ document: Span<UInt8>,
    _ birthdate: CalendarDate, _ number: UInt32
  ) {
    let texts = firstName.count + lastName.count + document.count
    append(addingCapacity: 2 * texts + Self.rowOverhead) { row in
      row.append(decimal: agency)
      row.append(csvField: firstName)
      row.append(csvField: lastName)
      row.append(csvField: document)
      row.append(.comma)
      row.append(date: birthdate)
      row.append(.comma)
      row.append(decimal: number)
      row.append(.carriageReturn)
      row.append(.lineFeed)
    }
  }

  /// The most that a row takes besides its texts: two numbers, a date, five commas, the quotes of
  /// three fields and the line end. A text may grow to twice its size, if it is nothing but quotes.
  private static var rowOverhead: Int { 2 * 20 + 10 + 5 + 6 + 2 }
}

extension OutputSpan where Element == UInt8 {
  /// Appends a comma and a field, in quotes only if it needs them.
  fileprivate mutating func append(csvField text: Span<UInt8>) {
    append(.comma)
    // Anything that would end a plain field needs quotes around it.
    guard text.endOfPlainText(from: 0) < text.count else { return append(copying: text) }
    append(.quote)
    for index in text.indices {
      if text[index] == .quote { append(.quote) }
      append(text[index])
    }
    append(.quote)
  }
}
