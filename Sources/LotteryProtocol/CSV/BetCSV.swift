/// The columns of a bet in CSV. Nothing else knows them.
///
/// An agency's file has five, `first name,last name,document,birthdate,number`; `bets.csv` has the
/// agency in front of them (`PROTOCOL.md`, What the server keeps).
package enum BetCSV {
  private static let columns = ["first name", "last name", "document", "birthdate", "number"]
  private static let storedColumns = ["agency"] + columns

  /// The bet in the fields of a row of an agency's file.
  /// - Throws: ``CSVError/notABet(_:)``, with the first field that breaks its rule.
  package static func bet(
    _ fields: [Range<Int>], in bytes: Span<UInt8>
  ) throws(CSVError) -> BetView {
    try check(fields, columns)
    return try bet(fields[...], in: bytes)
  }

  /// The agency and the bet in the fields of a row of `bets.csv`, likewise.
  package static func storedBet(
    _ fields: [Range<Int>], in bytes: Span<UInt8>
  ) throws(CSVError) -> (agency: UInt32, bet: BetView) {
    try check(fields, storedColumns)
    let agency: UInt32
    do {
      agency = try BetRules.agency(bytes.extracting(fields[0]))
    } catch {
      throw .notABet(error.description)
    }
    return (agency, try bet(fields.dropFirst(), in: bytes))
  }

  /// The agency and the bet in the row of `bets.csv` that `bytes` are or begin with, or nil if
  /// there is none.
  /// - Parameter bytes: at most two rows of the largest size.
  package static func storedBet(row bytes: Span<UInt8>) -> (agency: UInt32, bet: Bet)? {
    var scanner = CSVRowScanner(unread: bytes.indices, atEnd: true)
    var fields: [Range<Int>] = []
    fields.reserveCapacity(storedColumns.count)
    if (try? scanner.scan(bytes, into: &fields)) == true, !scanner.hasDoubledQuotes,
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

  private static func check(_ fields: [Range<Int>], _ columns: [String]) throws(CSVError) {
    if fields.count == columns.count { return }
    throw .notABet(
      "\(fields.count) fields: must be \(columns.count) (\(columns.joined(separator: ", ")))")
  }

  private static func bet(
    _ fields: ArraySlice<Range<Int>>, in bytes: Span<UInt8>
  ) throws(CSVError) -> BetView {
    let first = fields.startIndex
    do {
      return try BetView(
        firstName: fields[first], lastName: fields[first + 1], document: fields[first + 2],
        birthdate: BetRules.birthdate(bytes.extracting(fields[first + 3])),
        number: BetRules.number(bytes.extracting(fields[first + 4])), in: bytes)
    } catch {
      throw .notABet(error.description)
    }
  }
}

extension Array where Element == UInt8 {
  /// Appends a row of `bets.csv`, as Python's `csv.writer(quoting=QUOTE_MINIMAL)` writes it, for
  /// the bet that `view` finds in `source`.
  package mutating func append(csvRow view: BetView, agency: UInt32, in source: Span<UInt8>) {
    let texts = view.firstName.count + view.lastName.count + view.document.count
    append(addingCapacity: 2 * texts + Self.rowOverhead) { row in
      row.append(decimal: agency)
      row.append(csvField: source.extracting(view.firstName))
      row.append(csvField: source.extracting(view.lastName))
      row.append(csvField: source.extracting(view.document))
      row.append(.comma)
      row.append(date: view.birthdate)
      row.append(.comma)
      row.append(decimal: view.number)
      row.append(.carriageReturn)
      row.append(.lineFeed)
    }
  }

  package mutating func append(csvRow bet: Bet, agency: UInt32) {
    append(csvRow: bet.view, agency: agency, in: bet.texts.span)
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
