import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct BetCSVTests {
  /// The row that `bets.csv` gets for `bet`, both ways to write it having to agree.
  private func row(_ bet: Bet, agency: UInt32 = 5) throws -> String {
    var fromBet: [UInt8] = []
    fromBet.append(csvRow: bet, agency: agency)
    let (located, source) = try bet.located()
    var fromLocated: [UInt8] = []
    fromLocated.append(csvRow: located, agency: agency, in: source.span)
    #expect(fromBet == fromLocated)
    return String(decoding: fromBet, as: UTF8.self)
  }

  /// The bet in a row of an agency's file.
  private func bet(_ text: String) throws -> Bet {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    reader.input.feed(text.utf8)
    let step = try reader.next(atEnd: true)
    try #require(step == .row)
    let storage = reader.input.storage
    let view =
      reader.fields.count == 6
      ? try BetCSV.storedBet(reader.fields, in: storage.span).bet
      : try BetCSV.bet(reader.fields, in: storage.span)
    return Bet(view, in: storage.span)
  }

  @Test func `a bet is written as the course's file has it`() throws {
    #expect(try row(Bets.ana()) == "5,Ana,Ñu,007,1999-03-17,2201\r\n")
    #expect(try row(Bets.nameless(), agency: .max) == "4294967295,,,0,9999-12-31,4294967295\r\n")
  }

  @Test(
    arguments: [
      ("a,b", #""a,b""#), (#"a"b"#, #""a""b""#), ("a\nb", "\"a\nb\""), ("a\rb", "\"a\rb\""),
      (#"""#, #""""""#), (" a ", " a "), ("a;b'c\t", "a;b'c\t"), ("", ""),
    ])
  func `only a field that needs quotes gets them`(name: String, field: String) throws {
    let bet = try Bet(
      firstName: name, lastName: name, document: "2", birthdate: "0001-02-03",
      number: "4")
    #expect(try row(bet, agency: 1) == "1,\(field),\(field),2,0001-02-03,4\r\n")
  }

  @Test func `a row of an agency's file is a bet`() throws {
    #expect(try bet("Ana,Ñu,007,1999-03-17,2201\r\n") == Bets.ana())
    #expect(try bet("\"Ana\",\"Ñu\",\"007\",\"1999-03-17\",\"02201\"") == Bets.ana())
  }

  @Test(arguments: ["", "5,"]) func `a NUL in a name is refused`(agency: String) throws {
    let error = #expect(throws: BetCSV.Failure.self) {
      try bet("\(agency)A\0,Ñu,007,1999-03-17,2201\n")
    }
    #expect(error?.description == #"first name "A\u{0}": must be free of NUL"#)
  }

  @Test func `a row of bets.csv is an agency and a bet`() throws {
    #expect(try bet("5,Ana,Ñu,007,1999-03-17,2201\r\n") == Bets.ana())
  }

  @Test(
    arguments: [
      ("Ana,Ñu,7a,1999-03-17,2201", .document), ("Ana,Ñu,,1999-03-17,2201", .document),
      ("Ana,Ñu,7,1999-02-29,2201", .birthdate), ("Ana,Ñu,7,17/03/1999,2201", .birthdate),
      ("Ana,Ñu,7,1999-03-17,-1", .number), ("Ana,Ñu,7,1999-03-17,4294967296", .number),
      ("Ana,Ñu,7,1999-03-17,", .number),
      ("\"\(String(repeating: "a", count: 256))\",Ñu,7,1999-03-17,1", .firstName),
    ] as [(String, BetRuleViolation.Field)])
  func `the field that breaks its rule is named`(text: String, field: BetRuleViolation.Field) {
    let failure = #expect(throws: BetCSV.Failure.self) { try bet(text) }
    guard case .violation(let violation) = failure else {
      Issue.record("no violation")
      return
    }
    #expect(violation.field == field)
  }

  @Test(arguments: 0..<50 as Range<UInt64>)
  func `whatever is written is read back`(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let sent = try Bets.random(using: &random)
    #expect(try bet(row(sent)) == sent)
  }
}
