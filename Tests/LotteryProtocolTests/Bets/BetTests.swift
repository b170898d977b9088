import Testing

@testable import LotteryProtocol

@Suite struct BetTests {
  private func bet(
    firstName: String = "Ana", lastName: String = "Ñu", document: String = "007",
    birthdate: String = "1999-03-17", number: String = "2201"
  ) throws(BetRuleViolation) -> Bet {
    try Bet(
      firstName: firstName, lastName: lastName, document: document,
      birthdate: birthdate, number: number)
  }

  @Test(arguments: [
    (String(repeating: "a", count: 255), true), (String(repeating: "a", count: 256), false),
    (String(repeating: "ñ", count: 127) + "a", true), (String(repeating: "ñ", count: 128), false),
  ])
  func `names have up to 255 bytes, counted in UTF-8`(name: String, isGood: Bool) {
    let first = Result { try bet(firstName: name) }
    let last = Result { try bet(lastName: name) }
    #expect((try? first.get().firstName) == (isGood ? name : nil))
    #expect((try? last.get().lastName) == (isGood ? name : nil))
  }

  @Test func `bets are the same byte for byte, whatever their names look like`() throws {
    let composed = "Jos\u{E9}"
    let decomposed = "Jose\u{301}"
    #expect(try bet(firstName: composed) == bet(firstName: composed))
    #expect(try bet(firstName: composed) != bet(firstName: decomposed))
    #expect(try bet(lastName: composed) != bet(lastName: decomposed))
    #expect(try bet(document: "1") != bet(document: "01"))
    #expect(try bet(birthdate: "1999-03-17") != bet(birthdate: "1999-03-18"))
    #expect(try bet(number: "1") != bet(number: "2"))
  }

  @Test(arguments: ["", "a,b", "\"", "\r\n", "🎲", "\u{1}"])
  func `a name may hold anything that is text`(name: String) throws {
    #expect(try bet(firstName: name).firstName == name)
  }

  @Test(arguments: 0..<20)
  func `a name with a NUL breaks a rule, wherever the NUL is`(position: Int) {
    for letter: Character in ["a", "ñ"] {
      var letters = [Character](repeating: letter, count: 20)
      letters[position] = "\0"
      let error = #expect(throws: BetRuleViolation.self) { try bet(firstName: String(letters)) }
      #expect(error?.field == .firstName)
      #expect(error?.rule == "free of NUL")
      #expect(throws: BetRuleViolation.self) { try bet(lastName: String(letters)) }
    }
  }

  @Test(arguments: ["0", "007", "12345678901234567890"])
  func `a document has 1 to 20 digits, and keeps its zeros`(document: String) throws {
    #expect(try bet(document: document).document == document)
  }

  @Test(arguments: [
    (
      ["", "1999-03-17", "1"],
      #"document "": must be 1 to 20 digits"#
    ),
    (
      ["123456789012345678901", "1999-03-17", "1"],
      #"document "123456789012345678901": must be 1 to 20 digits"#
    ),
    (
      ["30.904.465", "1999-03-17", "1"],
      #"document "30.904.465": must be 1 to 20 digits"#
    ),
    (
      ["1", "1999-02-29", "1"],
      #"birthdate "1999-02-29": must be a date that exists, written YYYY-MM-DD"#
    ),
    (
      ["1", "1999-03-17", "4294967296"],
      #"number "4294967296": must be a whole number from 0 to 4294967295"#
    ),
    (
      ["1", "1999-03-17", "a|b\n"],
      #"number "a\u{7C}b\n": must be a whole number from 0 to 4294967295"#
    ),
  ])
  func `what breaks a rule is named with its value and the rule`(fields: [String], expected: String)
  {
    let error = #expect(throws: BetRuleViolation.self) {
      try bet(document: fields[0], birthdate: fields[1], number: fields[2])
    }
    #expect(error?.description == expected)
  }

  @Test func `a long value is cut`() {
    let error = #expect(throws: BetRuleViolation.self) {
      try bet(firstName: String(repeating: "a", count: 256))
    }
    let shown = String(repeating: "a", count: 60) + "…"
    #expect(error?.description == "first name \"\(shown)\": must be at most 255 bytes long")
  }
}
