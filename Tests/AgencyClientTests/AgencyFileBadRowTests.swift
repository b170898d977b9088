import LotteryCore
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Bad rows of an agency's file.
@Suite struct AgencyFileBadRowTests {
  @Test(arguments: [
    ("Ana,Pérez,1,1999-12-31", "4 fields: must be 5"),
    ("Ana,Pérez,1,1999-12-31,7,", "6 fields: must be 5"),
    ("Ana", "1 fields: must be 5"),
    ("Ana,Pérez,1,1999-02-29,7", "birthdate \"1999-02-29\": must be a date that exists"),
    ("Ana,Pérez,1,31/12/1999,7", "birthdate \"31/12/1999\": must be a date that exists"),
    ("Ana,Pérez,1x,1999-12-31,7", "document \"1x\": must be 1 to 20 digits"),
    ("Ana,Pérez,,1999-12-31,7", "document \"\": must be 1 to 20 digits"),
    ("Ana,Pérez,123456789012345678901,1999-12-31,7", "document \"123456789012345678901\""),
    ("Ana,Pérez,1,1999-12-31,-7", "number \"-7\": must be a whole number"),
    ("Ana,Pérez,1,1999-12-31,4294967296", "number \"4294967296\": must be a whole number"),
    ("Ana,Pérez,1, 1999-12-31,7", "birthdate \" 1999-12-31\": must be a date"),
    ("\"Ana\"x,Pérez,1,1999-12-31,7", "after a closing quote only a comma"),
    ("Ana\r,Pérez,1,1999-12-31,7", "a carriage return without a line feed"),
  ])
  func `each is reported with the line, the value and the rule`(row: String, reason: String) throws
  {
    try expectBadRow(Array((agencyFile(try sampleBets(0..<2)) + row + "\n").utf8), at: 3, reason)
  }

  @Test func `a quote that is not closed is reported where its row begins`() throws {
    let text = agencyFile(try sampleBets(0..<2)) + "\"Ana,Pérez,1,1999-12-31,7\nand\nso on\n"
    try expectBadRow(Array(text.utf8), at: 3, "the file ends inside a quoted field")
  }

  @Test func `a name that is not UTF-8 is reported in readable form`() throws {
    let row = Array("Ana ".utf8) + [0xFF] + Array(",Pérez,1,1999-12-31,7\n".utf8)
    try expectBadRow(
      Array(agencyFile(try sampleBets(0..<2)).utf8) + row, at: 3, "must be valid UTF-8")
  }

  @Test func `a name with a NUL, which not every Python can read back, is reported`() throws {
    for name in ["A\u{0}na", "\"A\u{0}na\""] {
      let text = agencyFile(try sampleBets(0..<2)) + "\(name),Pérez,1,1999-12-31,7\n"
      try expectBadRow(Array(text.utf8), at: 3, "must be free of NUL")
    }
  }

  @Test func `a name of 255 bytes is taken, one of 256 is not`() throws {
    let longest = String(repeating: "ñ", count: 127) + "n"
    let rest = ",Pérez,1,1999-12-31,7\n"
    let text = longest + rest + longest + "n" + rest
    try withAgencyFile(text.utf8) { file, path in
      let bet = try file.nextBet()
      #expect(bet?.firstName == longest)
      let error = #expect(throws: AgencyError.self) { try file.next() }
      #expect(error?.description.hasPrefix("\(path):2: first name") == true)
      #expect(error?.description.hasSuffix("must be at most 255 bytes long") == true)
    }
  }

  @Test func `line breaks in quotes and empty lines count as lines`() throws {
    let text =
      "\"A\nn\r\na\",Pérez,1,1999-12-31,7\r\n\r\n\nAna,Pérez,2,1999-12-31,7\nAna,Pérez,x,1999-12-31,7\n"
    try expectBadRow(Array(text.utf8), at: 7, "document \"x\"")
  }

  /// Expects two good bets and then a bad row.
  private func expectBadRow(_ text: [UInt8], at line: Int, _ reason: String) throws {
    try withAgencyFile(text) { file, path in
      for _ in 0..<2 { _ = try #require(try file.next()) }
      let error = #expect(throws: AgencyError.self) { try file.next() }
      #expect(error?.description.hasPrefix("\(path):\(line): ") == true, "\(error as Any)")
      #expect(error?.description.contains(reason) == true, "\(error as Any)")
      #expect(error?.exitStatus == .badData)
    }
  }
}
