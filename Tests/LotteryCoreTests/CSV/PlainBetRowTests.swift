import TestSupport
import Testing

@testable import LotteryCore

@Suite struct PlainBetRowTests {
  /// The row at the front of `text`, all ways to ask having to agree.
  private func plain(_ text: String, hasAgency: Bool = false) -> (UInt32?, Bet, Int)? {
    let bytes = Array(text.utf8)
    let found = PlainBetRow(in: bytes.span, at: 0, before: bytes.count, hasAgency: hasAgency)
    // What is before and after the row must not matter.
    let padding = [UInt8](repeating: UInt8(ascii: ","), count: 9)
    let padded = padding + bytes + padding
    let inside = PlainBetRow(in: padded.span, at: 9, before: 9 + bytes.count, hasAgency: hasAgency)
    #expect(found?.end == inside.map { $0.end - 9 })
    return found.map { ($0.agency, Bet($0.bet, in: bytes.span), $0.end) }
  }

  /// The same row as the general reader has it.
  private func general(_ text: String, hasAgency: Bool) -> (UInt32?, Bet)? {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    reader.input.feed(text.utf8)
    guard (try? reader.next(atEnd: false)) == .row else { return nil }
    let bytes = reader.input.storage
    if hasAgency {
      return (try? BetCSV.storedBet(reader.fields, in: bytes.span))
        .map { ($0.agency, Bet($0.bet, in: bytes.span)) }
    }
    return (try? BetCSV.bet(reader.fields, in: bytes.span)).map { (nil, Bet($0, in: bytes.span)) }
  }

  @Test func `a row ends at its line end, with or without a carriage return`() throws {
    let row = "Ana,Ñu,007,1999-03-17,2201"
    for end in ["\r\n", "\n"] {
      let found = try #require(plain(row + end + "next"))
      #expect(found.1 == (try Bets.ana()))
      #expect(found.2 == (row + end).utf8.count)
    }
  }

  @Test(
    arguments: [
      "", "\n", "Ana,Ñu,007,1999-03-17,2201", "Ana,Ñu,007,1999-03-17,2201\r",
      "Ana,Ñu,007,1999-03-17,2201\r\r\n", "\"Ana\",Ñu,007,1999-03-17,2201\n",
      "A\"na,Ñu,007,1999-03-17,2201\n", "A\rna,Ñu,007,1999-03-17,2201\n",
      "Ana,Ñu,,1999-03-17,2201\n", "Ana,Ñu,x,1999-03-17,2201\n",
      "Ana,Ñu,123456789012345678901,1999-03-17,2201\n", "Ana,Ñu,1,1999-02-29,2201\n",
      "Ana,Ñu,1,1999-03-1,2201\n", "Ana,Ñu,1,1999-03-17,\n", "Ana,Ñu,1,1999-03-17,-1\n",
      "A\u{0}a,Ñu,1,1999-03-17,1\n", "Ana,Ñ\u{0}u,1,1999-03-17,1\n",
      "Ana,Ñu,1,1999-03-17,4294967296\n", "Ana,Ñu,1,1999-03-17,1,\n", "Ana,1,1999-03-17,1\n",
    ])
  func `what needs a closer look is left to others`(text: String) {
    #expect(plain(text) == nil)
  }

  @Test func `names of 255 bytes are taken, longer ones and such that are not UTF-8 are not`() {
    let name = String(repeating: "a", count: 255)
    #expect(plain("\(name),\(name),1,1999-03-17,1\n") != nil)
    #expect(plain("\(name)a,b,1,1999-03-17,1\n") == nil)
    let bytes = Array("Ana,".utf8) + [0xC3] + Array(",1,1999-03-17,1\n".utf8)
    #expect(PlainBetRow(in: bytes.span, at: 0, before: bytes.count, hasAgency: false) == nil)
  }

  @Test(arguments: [false, true])
  func `whatever it takes the general reader takes too, and finds the same`(hasAgency: Bool) {
    var random = SeededGenerator(seed: hasAgency ? 7 : 8)
    var taken = 0
    for _ in 0..<20_000 {
      let text = Self.row(hasAgency: hasAgency, using: &random)
      guard let (agency, bet, _) = plain(text, hasAgency: hasAgency) else { continue }
      taken += 1
      let expected = general(text, hasAgency: hasAgency)
      #expect(expected?.0 == agency && expected?.1 == bet, "row: \(text.debugDescription)")
    }
    #expect(taken > 2000, "too few rows are taken for the test to mean something")
  }

  @Test func `a row with nothing to quote is always taken`() throws {
    var random = SeededGenerator(seed: 9)
    for _ in 0..<2000 {
      var row: [UInt8] = []
      let agency = UInt32.random(in: 1...99, using: &random)
      let bet = try Bets.random(using: &random)
      row.append(csvRow: bet, agency: agency)
      guard !row.contains(UInt8(ascii: "\"")) else { continue }
      #expect(plain(String(decoding: row, as: UTF8.self), hasAgency: true)?.1 == bet)
    }
  }

  /// A row that is nearly right, or right.
  private static func row(hasAgency: Bool, using random: inout SeededGenerator) -> String {
    var fields = [
      "Ana", "Ñu", random.document(), "1999-0\(Int.random(in: 1...9, using: &random))-28",
      "\(UInt32.random(in: 0...9999, using: &random))",
    ]
    if hasAgency { fields.insert("\(Int.random(in: 0...9, using: &random))", at: 0) }
    let odd = [
      "", "\"", "\"x\"", "0", "00000000007", "-", "é", "a\n", "\r", ",", " 1", "2000-02-30",
      "\u{0}",
    ]
    for index in fields.indices where random.oneIn(8) {
      fields[index] = random.oneIn(2) ? random.pick(odd) : fields[index] + random.pick(odd)
    }
    return fields.joined(separator: ",") + random.pick(["\r\n", "\n", "\r\n", ",\n", "\r"])
  }
}
