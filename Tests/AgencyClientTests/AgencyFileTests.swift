import Glibc
import LotteryCore
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import AgencyClient

@Suite("An agency's file")
struct AgencyFileTests {
  @Test(
    "rows may end in LF or CRLF, the last one also with the file",
    arguments: ["\n", "\r\n"], [true, false])
  func lineEnds(lineEnd: String, endsLastRow: Bool) throws {
    let bets = try sampleBets(0..<3)
    var text = agencyFile(bets, lineEnd: lineEnd)
    if !endsLastRow { text.removeLast() }
    let read = try withAgencyFile(text.utf8) { file, _ in try file.rest() }
    #expect(read == bets)
  }

  @Test("a file of nothing has no bets, and stays at its end")
  func empty() throws {
    try withAgencyFile("".utf8) { file, _ in
      for _ in 0..<2 {
        let bet = try file.next()
        #expect(bet == nil)
      }
    }
  }

  @Test("names may hold commas, quotes and line breaks")
  func quoted() throws {
    let text = "\"Ana, \"\"la\"\"\",\"Pé\nrez\",007,2000-02-29,0\r\n"
    let bet = try #require(try withAgencyFile(text.utf8) { file, _ in try file.nextBet() })
    #expect(bet.firstName == "Ana, \"la\"")
    #expect(bet.lastName == "Pé\nrez")
    #expect(bet.document == "007")
    #expect(bet.birthdate.description == "2000-02-29")
    #expect(bet.number == 0)
  }

  @Test("a file that is not there is unreadable, with its path and the reason")
  func missing() throws {
    let path = try TemporaryDirectory().file("agency-1.csv")
    let error = #expect(throws: AgencyError.self) {
      _ = try AgencyFile(path: path, batchMaxAmount: 1)
    }
    #expect(error?.description == "\(path): open: No such file or directory")
    #expect(error?.exitStatus == .noInput)
  }

  @Test("a directory, and a pipe that nobody writes to, are refused at once")
  func notAFile() throws {
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

  @Test("/dev/null holds no bets")
  func null() throws {
    var file = try AgencyFile(path: "/dev/null", batchMaxAmount: 1)
    #expect(try file.rest().isEmpty)
  }

  @Test("a file of several megabytes passes through a buffer of one chunk")
  func memory() throws {
    let part = try sampleBets(0..<1000)
    let text = agencyFile(part)
    let copies = 4_000_000 / text.utf8.count + 1
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
