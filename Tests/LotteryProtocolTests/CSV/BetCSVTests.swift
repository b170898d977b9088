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
}
