import TestSupport
import Testing

@testable import LotteryProtocol

/// A file that is read in pieces. What a last row without a line end is, is tested where it
/// matters: in `AgencyFileTests` and `RecoveryTests`.
@Suite struct CSVFileTests {
  private let directory = TemporaryDirectory()

  private func open(_ text: String, lastRow: CSVFile.LastRow) throws -> CSVFile {
    try CSVFile(path: directory.path(of: "a.csv", holding: text), lastRow: lastRow)
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
