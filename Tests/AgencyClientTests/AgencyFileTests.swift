import Glibc
import LotteryCore
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

/// An agency's file.
@Suite struct AgencyFileTests {
  @Test(arguments: ["\n", "\r\n"], [true, false])
  func `rows may end in LF or CRLF, the last one also with the file`(
    lineEnd: String, endsLastRow: Bool
  ) throws {
    let bets = try sampleBets(0..<3)
    var text = agencyFile(bets, lineEnd: lineEnd)
    if !endsLastRow { text.removeLast() }
    let read = try withAgencyFile(text.utf8) { file, _ in try file.rest() }
    #expect(read == bets)
  }

  @Test func `an empty file has no bets, however often the caller asks`() throws {
    try withAgencyFile("".utf8) { file, _ in
      for _ in 0..<2 {
        let bet = try file.next()
        #expect(bet == nil)
      }
    }
  }

  @Test func `names may hold commas, quotes and line breaks`() throws {
    let text = "\"Ana, \"\"la\"\"\",\"Pé\nrez\",007,2000-02-29,0\r\n"
    let bet = try #require(try withAgencyFile(text.utf8) { file, _ in try file.nextBet() })
    #expect(bet.firstName == "Ana, \"la\"")
    #expect(bet.lastName == "Pé\nrez")
    #expect(bet.document == "007")
    #expect(bet.birthdate.description == "2000-02-29")
    #expect(bet.number == 0)
  }

  @Test func `a file that is not there is unreadable, with its path and the reason`() throws {
    let path = try TemporaryDirectory().file("agency-1.csv")
    let error = #expect(throws: AgencyError.self) {
      _ = try AgencyFile(path: path, batchMaxAmount: 1)
    }
    #expect(error?.description == "\(path): open: No such file or directory")
    #expect(error?.exitStatus == .noInput)
  }

  @Test func `a directory and a pipe without a writer are refused at once`() throws {
    let directory = try TemporaryDirectory()
    let pipe = directory.file("pipe")
    try #require(mkfifo(pipe, 0o600) == 0)
    for path in [directory.path, pipe] {
      let error = #expect(throws: AgencyError.self) {
        _ = try AgencyFile(path: path, batchMaxAmount: 1)
      }
      #expect(error?.description == "\(path): not a regular file")
      #expect(error?.exitStatus == .noInput)
    }
  }

  @Test func `/dev/null holds no bets`() throws {
    var file = try AgencyFile(path: "/dev/null", batchMaxAmount: 1)
    #expect(try file.rest().isEmpty)
  }

  @Test func `a file of many chunks passes through a buffer of one`() throws {
    let part = try sampleBets(0..<1000)
    let text = agencyFile(part)
    let copies = 1_000_000 / text.utf8.count + 1
    let bytes = Array(repeating: Array(text.utf8), count: copies).joined()
    let count = try withAgencyFile(bytes) { file, _ in
      var count = 0
      var largest = 0
      while let bet = try file.nextBet() {
        if bet != part[count % part.count] { Issue.record("bet \(count) is \(bet)") }
        count += 1
        largest = max(largest, file.rows.storage.capacity)
      }
      #expect(largest < 2 * CSVFile.chunkSize)
      return count
    }
    #expect(count == copies * part.count)
  }
}
