/// The columns of a bet in CSV: the one place that knows them.
///
/// An agency's file has five, `first name,last name,document,birthdate,number`; `bets.csv` has the
/// agency in front of them (`PROTOCOL.md`, What the server keeps).
public enum BetCSV {
  /// The columns of an agency's file.
  public static let columns = 5

  /// The bet in the last `columns` of a row's fields.
  ///
  /// - Throws: the first field that breaks its rule.
  public static func bet(
    _ fields: ArraySlice<Range<Int>>, in bytes: Span<UInt8>
  ) throws(BetRuleViolation) -> LocatedBet {
    let first = fields.endIndex - columns
    let date = bytes.extracting(fields[first + 3])
    guard let birthdate = CalendarDate(iso: date) else {
      throw BetRuleViolation(.birthdate, value: date, rule: BetRules.birthdate)
    }
    let digits = bytes.extracting(fields[first + 4])
    guard let number = UInt32(decimal: digits) else {
      throw BetRuleViolation(.number, value: digits, rule: BetRules.number)
    }
    return try LocatedBet(
      firstName: fields[first], lastName: fields[first + 1], document: fields[first + 2],
      birthdate: birthdate, number: number, in: bytes)
  }
}

extension Array where Element == UInt8 {
  /// Appends a row of `bets.csv`, as Python's `csv.writer(quoting=QUOTE_MINIMAL)` writes it, for
  /// the bet that `located` finds in `source`.
  public mutating func append(
    csvRow located: LocatedBet, agency: UInt32, in source: Span<UInt8>
  ) {
    append(decimal: agency)
    append(csvField: source.extracting(located.firstName))
    append(csvField: source.extracting(located.lastName))
    append(csvField: source.extracting(located.document))
    append(birthdate: located.birthdate, number: located.number)
  }

  /// Appends a row of `bets.csv` for `bet`.
  public mutating func append(csvRow bet: Bet) {
    append(decimal: bet.agency)
    append(csvField: bet.firstName.utf8.span)
    append(csvField: bet.lastName.utf8.span)
    append(csvField: bet.document.utf8.span)
    append(birthdate: bet.birthdate, number: bet.number)
  }

  private mutating func append(birthdate: CalendarDate, number: UInt32) {
    append(.comma)
    append(date: birthdate)
    append(.comma)
    append(decimal: number)
    append(.carriageReturn)
    append(.lineFeed)
  }

  /// Appends a comma and a field, in quotes only where it needs them.
  private mutating func append(csvField text: Span<UInt8>) {
    append(.comma)
    guard text.needsQuotes else { return append(copying: text) }
    append(.quote)
    for index in text.indices {
      if text[index] == .quote { append(.quote) }
      append(text[index])
    }
    append(.quote)
  }
}

extension Span where Element == UInt8 {
  /// Whether `QUOTE_MINIMAL` would put quotes around this field.
  fileprivate var needsQuotes: Bool {
    for index in indices {
      switch self[index] {
      case .comma, .quote, .lineFeed, .carriageReturn: return true
      default: continue
      }
    }
    return false
  }
}
