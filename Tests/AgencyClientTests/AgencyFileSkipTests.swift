import LotteryCore
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// Skips the bets that the server has.
@Suite struct AgencyFileSkipTests {
  @Test(arguments: [0, 1, 2, 5])
  func `the bets that the server has are skipped`(stored: Int) throws {
    let bets = try sampleBets(0..<5)
    try withAgencyFile(agencyFile(bets).utf8) { file, _ in
      try file.skip(UInt64(stored), lastBet: stored == 0 ? nil : bets[stored - 1])
      #expect(try file.rest() == Array(bets[stored...]))
    }
  }

  @Test func `another last bet means another file, whatever field it differs in`() throws {
    let bets = try sampleBets(0..<5)
    let last = bets[2]
    for other in try Self.neighbours(of: last) {
      try withAgencyFile(agencyFile(bets).utf8) { file, path in
        let error = #expect(throws: AgencyError.self) { try file.skip(3, lastBet: other) }
        #expect(
          error
            == .otherFile(
              path: path, reason: "the server stored another bet than the one on line 3"))
        #expect(error?.exitStatus == .otherFile)
      }
    }
  }

  @Test(arguments: [6, 7, 1 << 40] as [UInt64])
  func `a file shorter than what is stored is another file`(stored: UInt64) throws {
    let bets = try sampleBets(0..<5)
    try withAgencyFile(agencyFile(bets).utf8) { file, path in
      let error = #expect(throws: AgencyError.self) { try file.skip(stored, lastBet: bets[4]) }
      #expect(error == .otherFile(path: path, reason: "it has 5 bets, the server stored \(stored)"))
    }
  }

  @Test func `the stored bets are skipped even if the next one is bad`() throws {
    let bets = try sampleBets(0..<2)
    try withAgencyFile((agencyFile(bets) + "Ana\n").utf8) { file, _ in
      try file.skip(2, lastBet: bets[1])
      #expect(throws: AgencyError.self) { try file.next() }
    }
  }

  @Test func `a last bet with a NUL in its name, from an older server, is recognized`() throws {
    let row = "A\0na,b,7,2000-01-01,5\r\n"
    let bytes = Array(("1," + row).utf8)
    let read = BetCSV.storedBet(row: bytes.span)?.bet
    let stored = try #require(read)
    try withAgencyFile((row + "Ana,b,7,2000-01-01,6\r\n").utf8) { file, _ in
      try file.skip(1, lastBet: stored)
      #expect(try file.next() != nil)
    }
    // And it comes that way.
    let welcome = ServerMessage.welcome(version: 1, state: .open, stored: 1, lastBet: stored)
    #expect(try serverMessages(in: welcome.frame) == [welcome])
  }

  /// Bets that differ from `bet` in one field each.
  private static func neighbours(of bet: Bet) throws -> [Bet] {
    func make(
      _ first: String? = nil, _ last: String? = nil, _ document: String? = nil,
      _ date: String? = nil, _ number: String? = nil
    ) throws -> Bet {
      try Bet(
        firstName: first ?? bet.firstName, lastName: last ?? bet.lastName,
        document: document ?? bet.document, birthdate: date ?? "\(bet.birthdate)",
        number: number ?? "\(bet.number)")
    }
    return try [
      make("Eva"), make(nil, "Pe\u{301}rez"), make(nil, "Pèrez"),
      make(nil, nil, "0" + bet.document),
      make(nil, nil, nil, "1999-12-30"), make(nil, nil, nil, nil, "4294967295"),
    ]
  }
}
