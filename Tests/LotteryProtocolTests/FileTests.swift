import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct FileTests {
  private let directory = TemporaryDirectory()

  private func read(_ file: File, at offset: Int, count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    return Array(bytes[..<(try file.read(offset..<(offset + count), into: &bytes))])
  }

  @Test func `a write appends to the file, and only what lies in it is read`() throws {
    #expect(throws: SystemError("open", code: ENOENT)) { try File(reading: directory.file("a")) }
    // It is created for appending.
    let file = try File(appending: directory.file("a"))
    defer { file.close() }
    try file.write("12345".utf8.span)
    #expect(try file.size() == 5)
    for (offset, count, text) in [
      (0, 3, "123"), (2, 2, "34"), (3, 10, "45"), (5, 1, ""), (100, 1, ""), (0, 0, ""),
    ] {
      #expect(try read(file, at: offset, count: count) == Array(text.utf8))
    }
    try file.truncate(to: 1)
    try file.write("6".utf8.span)
    #expect(try read(file, at: 0, count: 100) == Array("16".utf8))
    try file.synchronize()
    try file.synchronizeAll()
  }

  @Test func `/dev/null counts as a regular file, pipes and other devices do not`() throws {
    let path = try directory.path(of: "a", holding: "abc")
    try #require(symlink(path, directory.file("link")) == 0)
    try #require(mkfifo(directory.file("pipe"), 0o600) == 0)
    for path in [path, directory.file("link"), "/dev/null"] {
      let file = try #require(try File(regular: path))
      defer { file.close() }
      #expect(try read(file, at: 0, count: 3) == (path == "/dev/null" ? [] : Array("abc".utf8)))
    }
    for other in [directory.path, directory.file("pipe"), "/dev/zero"] {
      #expect(try File(regular: other) == nil, "\(other)")
    }
  }

  @Test func `a disk that is full is an error, and so is a file in place of a directory`() throws {
    let file = try File(appending: "/dev/full")
    defer { file.close() }
    #expect(throws: SystemError("write", code: ENOSPC)) { try file.write("1".utf8.span) }
    let path = try directory.path(of: "a", holding: "")
    #expect(throws: SystemError("open", code: ENOTDIR)) { try File(directory: path) }
    try File(directory: directory.path).close()
  }

  @Test func `a lock has one holder, and is free once the holder closes`() throws {
    let path = try directory.path(of: "a", holding: "")
    let first = try File(reading: path)
    let second = try File(reading: path)
    defer { second.close() }
    #expect(try first.lock())
    #expect(try !second.lock())
    first.close()
    #expect(try second.lock())
  }
}

@Suite struct CSVFileTests {
  private let directory = TemporaryDirectory()

  private func open(_ text: String, lastRow: CSVFile.LastRow) throws -> CSVFile {
    try CSVFile(path: directory.path(of: "a.csv", holding: text), lastRow: lastRow)
  }

  /// The rows that are left.
  private func rows(_ file: inout CSVFile) throws(CSVError) -> [[String]] {
    var rows: [[String]] = []
    while try file.nextRow() {
      let storage = file.storage
      rows.append(file.reader.fields.map { String(decoding: storage[$0], as: UTF8.self) })
    }
    // However often the caller asks.
    let another = try file.nextRow()
    #expect(!another)
    return rows
  }

  @Test(
    arguments: [
      (.whole, "a,b\r\nc,d", 2, 8), (.whole, "a,b\nc,\"d\"", 2, 9), (.whole, "", 0, 0),
      (.whole, "\u{FEFF}a,b\nc,d\n", 2, 11), (.torn, "", 0, 0), (.torn, "\n\n", 0, 2),
      (.torn, "a,b\r\nc,d\n", 2, 9),
    ]
      + ["", "c", "c,", "c,d", "c,d\r", "\"c", "\"c\r\n", "\"c\"", "\"c\"\"", "c,\"d\"\r"]
      .map { (.torn, "a,b\r\n" + $0, 1, 5) } as [(CSVFile.LastRow, String, Int, Int)])
  func `a last row without a line end counts only if the file is whole`(
    lastRow: CSVFile.LastRow, text: String, count: Int, end: Int
  ) throws {
    var file = try open(text, lastRow: lastRow)
    let rows = try rows(&file)
    #expect(rows == Array([["a", "b"], ["c", "d"]].prefix(count)))
    let position = file.position
    #expect(position == end)
  }

  @Test(arguments: ["a\nb,75", "a\n", "a\nb,7574\nc\n"], [CSVFile.LastRow.whole, .torn])
  func `the end of a file that was written meanwhile is not its end`(
    text: String, lastRow: CSVFile.LastRow
  ) throws {
    var file = try open("a\nb,7574\n", lastRow: lastRow)
    try directory.write(text.utf8, to: "a.csv")
    do throws(CSVError) {
      let rows = try rows(&file)
      Issue.record("it ended after \(rows)")
    } catch {
      #expect(error == .changed)
    }
  }

  @Test func `a file much larger than what is read in one go passes through a buffer`() throws {
    let expected = (0..<60_000).map { ["\($0)", "a\"\($0)\nb"] }
    let text = expected.map { "\($0[0]),\"a\"\"\($0[0])\nb\"\r\n" }.joined()
    #expect(text.utf8.count > 4 * CSVFile.chunkSize)
    var file = try open(text, lastRow: .torn)
    let rows = try rows(&file)
    #expect(rows == expected)
    let (position, memory) = (file.position, file.storage.capacity)
    #expect(position == text.utf8.count)
    #expect(memory < 2 * CSVFile.chunkSize)
  }

  @Test func `a row that is not CSV is refused on its line, and a file that cannot be read`()
    throws
  {
    var bad = try open("a\nb\n\"c\"d\n", lastRow: .torn)
    var directory = try CSVFile(path: directory.path, lastRow: .whole)
    for (failure, line) in [
      (.textAfterQuote, 3),
      (.unreadable(SystemError("pread", code: EISDIR)), nil),
    ] as [(CSVError, Int?)] {
      do throws(CSVError) {
        _ = try line == nil ? rows(&directory) : rows(&bad)
        Issue.record("no error")
      } catch {
        #expect(error == failure)
      }
    }
    let line = bad.line
    #expect(line == 3)
  }
}
