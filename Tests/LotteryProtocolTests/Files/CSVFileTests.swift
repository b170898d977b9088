import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct CSVFileTests {
  private let directory = TemporaryDirectory()

  private func open(_ text: String, lastRow: CSVFile.LastRow) throws -> CSVFile {
    try CSVFile(path: directory.path(of: "a.csv", holding: text), lastRow: lastRow)
  }

  /// The rows that are left.
  private func rows(_ file: inout CSVFile) throws(CSVFile.Failure) -> [[String]] {
    var rows: [[String]] = []
    while try file.nextRow() {
      let storage = file.storage
      rows.append(file.fields.map { String(decoding: storage[$0], as: UTF8.self) })
    }
    return rows
  }

  @Test(arguments: ["a,b\r\nc,d", "a,b\nc,\"d\"", "\u{FEFF}a,b\nc,d\n"])
  func `a last row without a line end counts if the file is whole`(text: String) throws {
    var file = try open(text, lastRow: .whole)
    let rows = try rows(&file)
    #expect(rows == [["a", "b"], ["c", "d"]])
    let position = file.position
    #expect(position == text.utf8.count)
  }

  @Test(arguments: [
    "", "c", "c,", "c,d", "c,d\r", "\"c", "\"c\r\n", "\"c\"", "\"c\"\"", "c,\"d\"\r",
  ])
  func `a torn last row does not count`(tail: String) throws {
    var file = try open("a,b\r\n" + tail, lastRow: .torn)
    let rows = try rows(&file)
    #expect(rows == [["a", "b"]])
    let position = file.position
    #expect(position == 5)
  }

  @Test(arguments: [("", 0), ("a\n", 1), ("a\r\nb\r\n", 2), ("\n\n", 0)])
  func `a file that is empty or ends with a line end has nothing torn`(
    text: String, count: Int
  ) throws {
    var file = try open(text, lastRow: .torn)
    let rows = try rows(&file)
    #expect(rows.count == count)
    let position = file.position
    #expect(position == text.utf8.count)
  }

  @Test func `there is no row after the last, however often the caller asks`() throws {
    for lastRow in [CSVFile.LastRow.whole, .torn] {
      var file = try open("a\nb", lastRow: lastRow)
      _ = try rows(&file)
      for _ in 1...3 {
        let another = try file.nextRow()
        #expect(!another)
      }
    }
  }

  @Test(arguments: ["a\nb,75", "a\n", "a\nb,7574\nc\n"])
  func `the end of a file that was written meanwhile is not its end`(text: String) throws {
    let path = try directory.path(of: "a.csv", holding: "a\nb,7574\n")
    for lastRow in [CSVFile.LastRow.whole, .torn] {
      try directory.write("a\nb,7574\n".utf8, to: "a.csv")
      var file = try CSVFile(path: path, lastRow: lastRow)
      try directory.write(text.utf8, to: "a.csv")
      do throws(CSVFile.Failure) {
        let rows = try rows(&file)
        Issue.record("it ended after \(rows)")
      } catch {
        #expect(error == .changed)
      }
    }
  }

  @Test func `a file much larger than what is read in one go gives all its rows`() throws {
    let expected = (0..<60_000).map { ["\($0)", "a\"\($0)\nb"] }
    let text = expected.map { "\($0[0]),\"a\"\"\($0[0])\nb\"\r\n" }.joined()
    #expect(text.utf8.count > 4 * CSVFile.chunkSize)
    var file = try open(text, lastRow: .torn)
    let rows = try rows(&file)
    #expect(rows == expected)
    let position = file.position
    #expect(position == text.utf8.count)
  }

  @Test func `a row that is not CSV is refused on its line`() throws {
    var file = try open("a\nb\n\"c\"d\n", lastRow: .torn)
    do throws(CSVFile.Failure) {
      _ = try rows(&file)
      Issue.record("the row was taken")
    } catch {
      #expect(error == .malformed(.textAfterQuote))
    }
    let line = file.line
    #expect(line == 3)
  }

  @Test func `a file that cannot be opened or read is an error`() throws {
    do throws(SystemError) {
      _ = try CSVFile(path: directory.file("missing"), lastRow: .whole)
      Issue.record("the file was opened")
    } catch {
      #expect(error == SystemError("open", code: ENOENT))
    }
    var file = try CSVFile(path: directory.path, lastRow: .whole)
    do throws(CSVFile.Failure) {
      _ = try rows(&file)
      Issue.record("the directory was read")
    } catch {
      #expect(error == .unreadable(SystemError("read", code: EISDIR)))
    }
  }
}
