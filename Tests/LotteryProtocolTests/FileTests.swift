import Glibc
import TestSupport
import Testing

@testable import LotteryProtocol

@Suite struct FileTests {
  @Test func `a call that a signal interrupts is made again`() throws {
    var codes = [EINTR, EINTR]
    let result = try SystemError.check("read") { () -> Int32 in
      guard let code = codes.popLast() else { return 7 }
      errno = code
      return -1
    }
    #expect(result == 7)
  }

  @Test func `/dev/null counts as a regular file, pipes and other devices do not`() throws {
    let directory = TemporaryDirectory()
    try #require(mkfifo(directory.file("pipe"), 0o600) == 0)
    try #require(try File(regular: "/dev/null")).close()
    for other in [directory.path, directory.file("pipe"), "/dev/zero"] {
      #expect(try File(regular: Path(other)) == nil, "\(other)")
    }
  }
}

/// Files that are read row by row. What a last row without a line end is, is tested where it
/// matters: in `ContractTests` and `RecoveryTests`.
@Suite struct CSVFileTests {
  private let directory = TemporaryDirectory()

  private func open(_ text: String, lastRow: CSVFile.LastRow) throws -> CSVFile {
    try CSVFile(path: directory.path(of: "a.csv", holding: text), lastRow: lastRow)
  }

  @Test func `a cancelled task reads no further, also if the file holds no row`() async throws {
    let path = try directory.path(of: "a.csv", holding: "\n\n")
    let task = Task {
      await untilCancelled()
      var file = try CSVFile(path: path, lastRow: .whole)
      return try file.nextRow()
    }
    task.cancel()
    await #expect(throws: CSVError.cancelled) { try await task.value }
  }

  @Test(arguments: ["a\nb,75", "a\n", "a\nb,7574\nc\n"], [CSVFile.LastRow.whole, .torn])
  func `the end of a file that was written meanwhile is not its end`(
    text: String, lastRow: CSVFile.LastRow
  ) throws {
    var file = try open("a\nb,7574\n", lastRow: lastRow)
    try directory.write(text.utf8, to: "a.csv")
    do throws(CSVError) {
      while try file.nextRow() {}
      Issue.record("it ended")
    } catch {
      #expect(error == .changed)
    }
  }

  @Test func `a file much larger than what is read in one go passes through a buffer`() throws {
    let expected = (0..<60_000).map { ["\($0)", "a\"\($0)\nb"] }
    let text = expected.map { "\($0[0]),\"a\"\"\($0[0])\nb\"\r\n" }.joined()
    #expect(text.utf8.count > 4 * CSVFile.chunkSize)
    var file = try open(text, lastRow: .torn)
    var rows: [[String]] = []
    while try file.nextRow() {
      let storage = file.storage
      rows.append(file.reader.fields.map { String(decoding: storage[$0], as: UTF8.self) })
    }
    #expect(rows == expected)
    let (position, memory) = (file.position, file.storage.capacity)
    #expect(position == text.utf8.count)
    #expect(memory < 2 * CSVFile.chunkSize)
  }
}
