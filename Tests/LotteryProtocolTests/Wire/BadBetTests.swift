import Testing
import TestSupport

@testable import LotteryProtocol

@Suite struct BadBetTests {
  typealias Field = BetRuleViolation.Field

  /// The first bad bet of a batch that holds these bets, in hexadecimal.
  private func firstBad(_ bets: [String]) throws(WireError) -> BetBatch.BadBet? {
    let count = String(bets.count, radix: 16)
    let digits = String(repeating: "0", count: 4 - count.count) + count
    return try decodeFromAgency(hex("03 0000000000000000" + digits + bets.joined())).bad
  }

  @Test(
    arguments: [
      ("01FF 0142 0130 07CF0311 00000899", .firstName),
      ("0141 02C328 0130 07CF0311 00000899", .lastName),
      ("0141 0142 01E9 07CF0311 00000899", .document),
      // Overlong, a surrogate, beyond U+10FFFF, cut off.
      ("02C080 0142 0130 07CF0311 00000899", .firstName),
      ("03EDA080 0142 0130 07CF0311 00000899", .firstName),
      ("04F4908080 0142 0130 07CF0311 00000899", .firstName),
      ("02E6B0 0142 0130 07CF0311 00000899", .firstName),
    ] as [(String, Field)])
  func `a text that is not UTF-8 breaks a rule of its bet, not the stream`(
    bet: String, field: Field
  ) throws {
    let bad = try #require(try firstBad([bet]))
    #expect(bad.index == 0)
    #expect(bad.violation.field == field)
  }

  @Test(
    arguments: [
      ("0100 0142 0130 07CF0311 00000899", .firstName),
      ("0141 03C3B100 0130 07CF0311 00000899", .lastName),
    ] as [(String, Field)])
  func `a NUL in a name breaks a rule of its bet, not the stream`(bet: String, field: Field) throws
  {
    let bad = try #require(try firstBad([MessageSamples.ana, bet]))
    #expect(bad.index == 1)
    #expect(bad.violation.field == field)
    #expect(bad.violation.rule == "free of NUL")
  }

  @Test(arguments: [
    ("0000 01 01", "0-1-1"), ("2710 01 01", "10000-1-1"), ("FFFF 01 01", "65535-1-1"),
    ("07CF 00 01", "1999-0-1"), ("07CF 0D 01", "1999-13-1"), ("07CF 01 00", "1999-1-0"),
    ("07CF 01 20", "1999-1-32"), ("07CF 04 1F", "1999-4-31"), ("07CF 02 1D", "1999-2-29"),
    ("076C 02 1D", "1900-2-29"), ("07D0 02 1E", "2000-2-30"),
  ])
  func `a date that does not exist breaks a rule`(date: String, value: String) throws {
    let bad = try #require(try firstBad(["0141 0142 0130" + date + "00000899"]))
    #expect(bad.violation.field == .birthdate)
    #expect(
      bad.violation.description
        == "birthdate \"\(value)\": must be a date that exists, written YYYY-MM-DD")
  }

  @Test(arguments: [
    "00", "15" + String(repeating: "31", count: 21), "0141", "03312032", "022D31", "012F", "013A",
    "02D9A1",
  ])
  func `a document that is not 1 to 20 digits breaks a rule`(document: String) throws {
    let bad = try #require(try firstBad(["0141 0142" + document + "07CF0311 00000899"]))
    #expect(bad.violation.field == .document)
  }

  @Test(arguments: ["0139", "14" + String(repeating: "30", count: 20)])
  func `a document of 1 and one of 20 digits are good`(document: String) throws {
    #expect(try firstBad(["0141 0142" + document + "07CF0311 00000899"]) == nil)
  }

  @Test func `the first bad bet is named, and only the bets before it are read`() throws {
    let badDate = "0141 0142 0130 07CF0D01 00000899"
    let badDocument = "0141 0142 00 07CF0311 00000899"
    let bets = MessageSamples.ana + MessageSamples.nameless + badDate + badDocument
    let (_, good, bad) = try decodeFromAgency(
      hex("03 0000000000000000 0005" + bets + MessageSamples.ana))
    #expect(good == [try Bets.ana(), try Bets.nameless()])
    #expect(bad?.index == 2)
    #expect(bad?.violation.field == .birthdate)
  }

  @Test func `what breaks a rule fits the reason of REJECTED and one line`() throws {
    let document = "FF" + String(repeating: "0A", count: 255)
    let bad = try #require(try firstBad(["0141 0142" + document + "07CF0311 00000899"]))
    let shown = String(repeating: "\\n", count: 60) + "…"
    #expect(bad.violation.description == "document \"\(shown)\": must be 1 to 20 digits")
    #expect(bad.violation.description.utf8.count <= ProtocolLimits.textSize)
  }
}
