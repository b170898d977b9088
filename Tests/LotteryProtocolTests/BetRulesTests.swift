import TestSupport
import Testing

@testable import LotteryProtocol

/// The fields of a bet as bytes, of which some rule may be broken.
private struct Fields: CustomTestStringConvertible, Sendable {
  var first = Array("Ana".utf8)
  var last = Array("Ñu".utf8)
  var document = "007"
  var birthdate = "1999-03-17"
  var number = "2201"

  var testDescription: String {
    texts.map { PrintableText.escaped($0.span) }.joined(separator: ",")
  }

  /// The fields, if all are text.
  var strings: [String]? {
    let strings = texts.compactMap { String(validating: $0, as: UTF8.self) }
    return strings.count == texts.count ? strings : nil
  }

  /// The row of an agency's file.
  var row: [UInt8] {
    let quoted = texts.map { text in text.flatMap { $0 == .quote ? [$0, $0] : [$0] } }
    return Array(quoted.map { [.quote] + $0 + [.quote] }.joined(separator: [.comma]))
  }

  /// The bet on the wire; nil if the wire has no room for a field of it.
  var wire: [UInt8]? {
    let date = birthdate.split(separator: "-").compactMap { UInt16($0) }
    guard texts.allSatisfy({ $0.count <= 255 }), birthdate.contains(/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/),
      let number = UInt32(number)
    else { return nil }
    var bytes: [UInt8] = []
    for text in texts[..<3] { bytes += [UInt8(text.count)] + text }
    bytes.append(bigEndian: date[0])
    bytes += [UInt8(date[1]), UInt8(date[2])]
    bytes.append(bigEndian: number)
    return bytes
  }

  private var texts: [[UInt8]] {
    [first, last] + [document, birthdate, number].map { Array($0.utf8) }
  }
}

/// What makes a bet valid, in each of the three places where bets come from: texts, a row of a file,
/// and the wire.
@Suite struct BetRulesTests {
  private static let digits = "1 to 20 digits"

  private static let names: [([UInt8], String)] =
    ["a", "ñ"].map { (Array(String(repeating: $0, count: 256).utf8), "at most 255 bytes long") }
    + ["\0", "A\0b", "ñ\0", "\0\u{1}ñ"].map { (Array($0.utf8), "free of NUL") }
    // No beginning, no continuation, overlong, a surrogate, beyond U+10FFFF, cut off.
    + ["FF", "C328", "C080", "EDA080", "F4908080", "E6B0"].map { (hex($0), "valid UTF-8") }

  private static let broken: [(Fields, BetRuleViolation.Field, String)] =
    names.map { (Fields(first: $0), .firstName, $1) }
    + names.map { (Fields(last: $0), .lastName, $1) }
    + ["", "123456789012345678901", "30.904.465", "A", "1 2", "-1", "/", ":", "٣"].map {
      (Fields(document: $0), .document, digits)
    }
    + [
      "0000-01-01", "1999-00-01", "1999-13-01", "1999-01-00", "1999-01-32", "1999-04-31",
      "1999-02-29", "1900-02-29", "2000-02-30", "17/03/1999", "1999-3-17", "", "99-03-17",
      "1999/03/17", "19990317", "1999-03-17 ", " 1999-03-17", "1999-03-1a", "+999-03-17",
      "1999-03-17T00:00", "17-03-1999", "1999_03-17", "1999-03_17", "-999-03-17", "1999-+3-17",
    ].map { (Fields(birthdate: $0), .birthdate, "a date that exists, written YYYY-MM-DD") }
    + ["", "-1", "4294967296", "a|b\n"].map {
      (Fields(number: $0), .number, "a whole number from 0 to 4294967295")
    }

  @Test(arguments: broken)
  private func `a field that breaks its rule is named, and the rule, wherever the bet comes from`(
    fields: Fields, field: BetRuleViolation.Field, rule: String
  ) throws {
    var found: [BetRuleViolation?] = []
    if let texts = fields.strings {
      found.append(
        #expect(throws: BetRuleViolation.self) {
          try Bet(
            firstName: texts[0], lastName: texts[1], document: texts[2], birthdate: texts[3],
            number: texts[4])
        })
    }
    for agency in ["", "5,"] {
      let failure = #expect(throws: CSVError.self) { try read(agency.utf8 + fields.row) }
      let reason = failure?.description ?? ""
      #expect(reason.hasPrefix(field.rawValue + " \"") && reason.hasSuffix(": must be " + rule))
    }
    if let bet = fields.wire { found.append(try badBet(bet)?.violation) }
    #expect(found.count >= 1)
    for violation in found {
      #expect(violation?.field == field)
      #expect(violation?.rule == rule)
    }
  }

  private static let good: [Fields] =
    [
      String(repeating: "a", count: 255), String(repeating: "ñ", count: 127) + "a", "", "a,b", "\"",
      "\r\n", "🎲", "\u{1}", " a ",
    ].map { Fields(first: Array($0.utf8), last: Array($0.utf8)) }
    + ["0", "007", "12345678901234567890"].map { Fields(document: $0) }
    + ["0001-01-01", "2000-02-29", "9999-12-31"].map { Fields(birthdate: $0) }
    + ["0", "4294967295"].map { Fields(number: $0) }

  @Test(arguments: good)
  private func `a good bet is the same wherever it comes from and goes to`(fields: Fields) throws {
    let bet = try read(fields.row)
    #expect(
      fields.strings == [
        bet.firstName, bet.lastName, bet.document, bet.birthdate.description, "\(bet.number)",
      ])
    #expect(try decodeFromAgency(withoutHeader(Frames.bet(bet, at: 7))).bets == [bet])
    var builder = BatchBuilder(maxAmount: 2)
    var batch: [UInt8] = []
    for _ in 1...2 { builder.append(bet, offset: 7, to: &batch) }
    _ = builder.finish(&batch)
    #expect(try decodeFromAgency(withoutHeader(batch)).bets == [bet, bet])
    #expect(try read(rows([bet], of: 5)) == bet)
    #expect(try read(rows([bet], of: 5).dropFirst(2)) == bet)
    var wire: [UInt8] = []
    wire.append(bet: bet)
    #expect(wire == fields.wire)
  }

  @Test(arguments: [(2023, 28), (2024, 29), (1900, 28), (2000, 29), (2100, 28)])
  func `every month has as many days as the calendar gives it`(year: UInt16, february: Int) {
    let lengths = (1...12 as ClosedRange<UInt8>).map { month in
      (0...255 as ClosedRange<UInt8>).count { day in
        CalendarDate(year: year, month: month, day: day) != nil
      }
    }
    #expect(lengths == [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
  }

  @Test func `bets are the same byte for byte, whatever their names look like`() throws {
    let composed = Fields(first: Array("Jos\u{E9}".utf8))
    let decomposed = Fields(first: Array("Jose\u{301}".utf8))
    #expect(try read(composed.row) == read(composed.row))
    #expect(try read(composed.row) != read(decomposed.row))
  }

  @Test func `what breaks a rule fits the reason of REJECTED and one line, cut and escaped`() throws
  {
    let fields = Fields(document: "|" + String(repeating: "\n", count: 254))
    let wire = try #require(fields.wire)
    let bad = try #require(try badBet(wire))
    let shown = "\\u{7C}" + String(repeating: "\\n", count: 59) + "…"
    #expect(bad.violation.description == "document \"\(shown)\": must be \(Self.digits)")
    #expect(bad.violation.description.utf8.count <= ProtocolLimits.textSize)
  }
}

/// The bet in a row of an agency's file, or of `bets.csv`.
private func read(_ row: some Collection<UInt8>) throws -> Bet {
  var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
  reader.input.feed(row)
  let step = try reader.next(atEnd: true)
  try #require(step == .row)
  let storage = reader.input.storage
  let view =
    reader.fields.count == 6
    ? try BetCSV.storedBet(reader.fields, in: storage.span).bet
    : try BetCSV.bet(reader.fields, in: storage.span)
  return Bet(view, in: storage.span)
}

/// What is bad about the bet between two good ones of a batch, of which only the first is read.
private func badBet(_ bet: [UInt8]) throws -> BetBatch.BadBet? {
  let good = hex("00 00 0130 270F0C1F FFFFFFFF")
  let (_, bets, bad) = try decodeFromAgency(hex("03 0000000000000000 0003") + good + bet + good)
  #expect(bets == [try Bets.nameless()])
  #expect(bad?.index == 1)
  return bad
}
