import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Files that hold what no server of ours wrote: it must not touch them.
@Suite struct DamageTests {
  struct Damage: CustomTestStringConvertible, Sendable {
    let row: String
    let reason: String

    init(_ row: String, _ reason: String) {
      self.row = row
      self.reason = reason
    }

    var testDescription: String { row }
  }

  @Test(arguments: [
    Damage(
      "1,Ana,Diaz,1,1999-12-31",
      "5 fields: must be 6 (agency, first name, last name, document, birthdate, number)"),
    Damage(
      "1,Ana,Diaz,1,1999-12-31,7,8",
      "7 fields: must be 6 (agency, first name, last name, document, birthdate, number)"),
    Damage(
      "x,Ana,Diaz,1,1999-12-31,7", "agency \"x\": must be a whole number from 1 to 4294967295"),
    Damage(
      "4294967296,Ana,Diaz,1,1999-12-31,7",
      "agency \"4294967296\": must be a whole number from 1 to 4294967295"),
    Damage(
      "0,Ana,Diaz,1,1999-12-31,7", "agency \"0\": must be a whole number from 1 to 4294967295"),
    Damage("1,Ana,Diaz,1a,1999-12-31,7", "document \"1a\": must be 1 to 20 digits"),
    Damage(
      "1,Ana,Diaz,1,1999-02-29,7",
      "birthdate \"1999-02-29\": must be a date that exists, written YYYY-MM-DD"),
    Damage(
      "1,Ana,Diaz,1,1999-12-31,-7", "number \"-7\": must be a whole number from 0 to 4294967295"),
    Damage(
      "1,\"Ana\" Diaz,1,1999-12-31,7",
      "after a closing quote only a comma or the end of the line may follow"),
    Damage(
      "1,Ana\rDiaz,1,1999-12-31,7",
      "a carriage return without a line feed must stand in quotes"),
    Damage(
      "1," + String(repeating: "a", count: ProtocolLimits.csvRowSize) + ",Diaz,1,1999-12-31,7",
      "a row must not be longer than 4096 bytes"),
  ])
  func `a damaged row stops the start and stays as it is`(damage: Damage) throws {
    let directory = TemporaryDirectory()
    // Two lines for the first row, and a torn one at the end, which must not be cut off either.
    let file = Array("1,\"Ana\n\",Diaz,1,1999-12-31,7\r\n\(damage.row)\r\n2,Juan,P".utf8)
    try directory.write(file, to: "bets.csv")
    let error = #expect(throws: StorageError.self) { try BetStore(directory: directory.path) }
    #expect(error == .damaged(path: directory.file("bets.csv"), line: 3, reason: damage.reason))
    #expect(error?.description == "\(directory.file("bets.csv")):3: \(damage.reason)")
    #expect(try directory.read("bets.csv") == file)
  }

  @Test(arguments: [
    Damage("1", "must be agency,total"),
    Damage("1,2,3", "must be agency,total"),
    Damage("x,2", "must be agency,total"),
    Damage("1,-2", "must be agency,total"),
    Damage("0,0", "agency 0: must be at least 1"),
    Damage("1,3", "agency 1 finished with 3 bets, but 2 are stored"),
    Damage("1,1", "agency 1 finished with 1 bets, but 2 are stored"),
    Damage("9,1", "agency 9 finished with 1 bets, but 0 are stored"),
  ])
  func `so does a damaged row of finished.csv`(damage: Damage) throws {
    let directory = TemporaryDirectory()
    let bets = rows(try sampleBets(0..<2)) + "1,torn".utf8
    let finished = Array("2,0\r\n\(damage.row)\r\n3,".utf8)
    try directory.write(bets, to: "bets.csv")
    try directory.write(finished, to: "finished.csv")
    #expect(
      throws: StorageError.damaged(
        path: directory.file("finished.csv"), line: 2, reason: damage.reason)
    ) { try BetStore(directory: directory.path) }
    #expect(try directory.read("bets.csv") == bets)
    #expect(try directory.read("finished.csv") == finished)
  }

  @Test func `NUL bytes before whole rows are damage`() throws {
    let directory = TemporaryDirectory()
    let bets = rows(try sampleBets(0..<1))
    let file = bets + [UInt8](repeating: 0, count: 5000) + bets + "1,torn".utf8
    try directory.write(file, to: "bets.csv")
    #expect(
      throws: StorageError.damaged(
        path: directory.file("bets.csv"), line: 2,
        reason: "a row must not be longer than 4096 bytes")
    ) { try BetStore(directory: directory.path) }
    #expect(try directory.read("bets.csv") == file)
  }

  @Test func `a store that could not start lets go of the directory`() throws {
    let directory = TemporaryDirectory()
    try directory.write("no bet\r\n".utf8, to: "bets.csv")
    #expect(throws: StorageError.self) { try BetStore(directory: directory.path) }
    try directory.write([], to: "bets.csv")
    try BetStore(directory: directory.path).close()
  }
}
