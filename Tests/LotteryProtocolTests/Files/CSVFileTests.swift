import Glibc
import TestSupport
import Testing

@testable import LotteryCore
@testable import LotteryProtocol

@Suite("CSV files")
struct CSVFileTests {
  private let directory: TemporaryDirectory

  init() throws {
    directory = try TemporaryDirectory()
  }

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

  @Test(
    "A last row without line end is a row where the file is whole",
    arguments: [
      "a,b\r\nc,d", "a,b\nc,\"d\"", "\u{FEFF}a,b\nc,d\n",
    ])
  func whole(text: String) throws {
    var file = try open(text, lastRow: .whole)
    let rows = try rows(&file)
    #expect(rows == [["a", "b"], ["c", "d"]])
    let left = (position: file.position, torn: file.tornBytes)
    #expect(left == (text.utf8.count, 0))
  }

  @Test(
    "A last row that was torn off is none, and its bytes are counted",
    arguments: [
      "", "c", "c,", "c,d", "c,d\r", "\"c", "\"c\r\n", "\"c\"", "\"c\"\"", "c,\"d\"\r",
    ])
  func torn(tail: String) throws {
    var file = try open("a,b\r\n" + tail, lastRow: .torn)
    let rows = try rows(&file)
    #expect(rows == [["a", "b"]])
    let left = (position: file.position, torn: file.tornBytes)
    #expect(left == (5, tail.utf8.count))
  }

  @Test(
    "A file that ends with a line end has nothing torn, one that is empty neither",
    arguments: [
      ("", 0), ("a\n", 1), ("a\r\nb\r\n", 2), ("\n\n", 0),
    ])
  func notTorn(text: String, count: Int) throws {
    var file = try open(text, lastRow: .torn)
    let rows = try rows(&file)
    #expect(rows.count == count)
    let torn = file.tornBytes
    #expect(torn == 0)
  }

  @Test("There is no row behind the last, however often it is asked for")
  func asked() throws {
    for lastRow in [CSVFile.LastRow.whole, .torn] {
      var file = try open("a\nb", lastRow: lastRow)
      _ = try rows(&file)
      for _ in 1...3 {
        let another = try file.nextRow()
        #expect(!another)
      }
    }
  }

  @Test("A file much larger than what is read in one go gives all its rows")
  func large() throws {
    let expected = (0..<60_000).map { ["\($0)", "a\"\($0)\nb"] }
    let text = expected.map { "\($0[0]),\"a\"\"\($0[0])\nb\"\r\n" }.joined()
    #expect(text.utf8.count > 4 * CSVFile.chunkSize)
    var file = try open(text, lastRow: .torn)
    let rows = try rows(&file)
    #expect(rows == expected)
    let position = file.position
    #expect(position == text.utf8.count)
  }

  @Test("A row that is not CSV is refused on its line")
  func malformed() throws {
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

  @Test("A file that cannot be opened or read is an error")
  func unreadable() throws {
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
