import Testing

@testable import LotteryProtocol

@Suite struct CSVReaderTests {
  @Test(
    arguments: [
      ("", []),
      ("a,b\n", [["a", "b"]]),
      ("a,b\r\n", [["a", "b"]]),
      ("a,b", [["a", "b"]]),
      ("a\nb\r\nc", [["a"], ["b"], ["c"]]),
      (",\n", [["", ""]]),
      ("a,,b,\n", [["a", "", "b", ""]]),
      (" a , b \n", [[" a ", " b "]]),
      ("a\r", [["a"]]),
      ("a\r\r\n\"b\"\r\r\n\r\r", [["a"], ["b"]]),
      ("Ñandú,水\n", [["Ñandú", "水"]]),
      (#""a","b""# + "\n", [["a", "b"]]),
      (#""a,b",c"# + "\r\n", [["a,b", "c"]]),
      (#""a""b""# + "\n", [[#"a"b"#]]),
      (#""""""# + "\n", [[#"""#]]),
      (#""""#, [[""]]),
      (#""a"",""b""#, [[#"a","b"#]]),
      ("\"a\nb\",c\n", [["a\nb", "c"]]),
      ("\"a\r\nb\"\r\n", [["a\r\nb"]]),
      ("\"a\rb\"\n", [["a\rb"]]),
      (#""a""b","c""d",e"# + "\n", [[#"a"b"#, #"c"d"#, "e"]]),
      (#"a"b,"c""d""# + "\n", [[#"a"b"#, #"c"d"#]]),
      (#"a""b,"c""d""# + "\n", [[#"a""b"#, #"c"d"#]]),
      (#" "a""# + "\n", [[#" "a""#]]),
      // Lines that hold nothing are passed over, an empty field in quotes is not.
      ("\n\r\na\n\n\nb\r\n\r\n", [["a"], ["b"]]), ("\n\"\"\n", [[""]]),
    ] as [(String, [[String]])])
  func `rows are cut into fields, which may be quoted`(text: String, rows: [[String]]) {
    #expect(CSVRows(text).rows == rows)
    #expect(CSVRows(text).error == nil)
  }

  @Test(
    arguments: [
      ("a\n\"b\"c\n", .textAfterQuote, 2), ("a\n\"b\" ,c\n", .textAfterQuote, 2),
      ("a\n\"b\"\"c", .quoteNotClosed, 2), ("a\n\"", .quoteNotClosed, 2),
      ("a\n\"b\nc\n", .quoteNotClosed, 2), ("a\nb\rc\n", .bareCarriageReturn, 2),
      ("a\n\"b\"\rc\n", .bareCarriageReturn, 2), ("a\n\rb", .bareCarriageReturn, 2),
      ("a\nb\r\rc\n", .bareCarriageReturn, 2), ("a\nb\r\r,\r\n", .bareCarriageReturn, 2),
    ] as [(String, CSVError, Int)])
  func `what is not CSV is refused, the rows before it are not`(
    text: String, error: CSVError, line: Int
  ) {
    let read = CSVRows(text)
    #expect(read.rows == [["a"]])
    #expect(read.error == error)
    #expect(read.errorLine == line)
  }

  @Test func `each row knows its line and where it ends, whatever is between the rows`() {
    let read = CSVRows("a\n\n\"b\nc\"\r\n\r\nd")
    #expect(read.rows == [["a"], ["b\nc"], ["d"]])
    #expect(read.lines == [1, 3, 6])
    #expect(read.positions == [2, 10, 13])
  }

  @Test func `a byte order mark is passed over at the very beginning, and only there`() {
    let mark = "\u{FEFF}"
    #expect(CSVRows(mark + "a\n").rows == [["a"]])
    #expect(CSVRows(mark + "a\n").positions == [5])
    #expect(CSVRows(mark).rows == [])
    #expect(CSVRows(mark + mark + "a\n").rows == [[mark + "a"]])
    #expect(CSVRows("a\n" + mark + "b\n").rows == [["a"], [mark + "b"]])
    #expect(CSVRows(byteByByte: mark + "a\n").rows == [["a"]])
    #expect(CSVRows(byteByByte: "a\n" + mark + "b\n").rows == [["a"], [mark + "b"]])
    #expect(CSVRows(byteByByte: "\n" + mark + "b\n").rows == [[mark + "b"]])
  }

  @Test(
    arguments: [
      "a,b\r\nc,d\r\n", "\"a\"\"b\",\"c\"\r\nd\r\n", "\n\n\"\n\"\"\n\",x\n", "\"a\"b", "a\r",
      "a\r\rb", "a\r\r\nb\r\r", "\"",
      "\u{FEFF}\"x\"\n",
    ])
  func `the pieces in which a stream arrives make no difference`(text: String) {
    let whole = CSVRows(text)
    #expect(CSVRows(byteByByte: text) == whole)
    let bytes = Array(text.utf8)
    for split in 0...bytes.count {
      #expect(CSVRows([bytes[..<split], bytes[split...]]) == whole, "split at \(split)")
    }
  }

  @Test(
    arguments: [
      (4094, "\r\n", nil), (4095, "\r\n", .rowTooLong), (4095, "\n", nil),
      (4096, "\n", .rowTooLong), (4096, "", nil), (4097, "", .rowTooLong),
      (8000, "\n", .rowTooLong),
    ] as [(Int, String, CSVError?)])
  func `a row has up to 4096 bytes, its line end included`(
    size: Int, lineEnd: String, error: CSVError?
  ) {
    let row = String(repeating: "a", count: size)
    let read = CSVRows(row + lineEnd)
    #expect(read.error == error)
    #expect(read.rows == (error == nil ? [[row]] : []))
  }

  @Test func `a quote that is never closed is given up after 4096 bytes`() {
    let row = [UInt8](repeating: UInt8(ascii: "\n"), count: 5000)
    #expect(CSVRows([[.quote], row[...], row[...]]).error == .rowTooLong)
  }

  @Test(arguments: [("\"", "\"x\n"), ("", "\rb\n")])
  func `a row that is too long and wrong after its limit is too long, however it arrives`(
    start: String, end: String
  ) {
    let bytes = Array((start + String(repeating: "a", count: 4200) + end).utf8)
    #expect(CSVRows([bytes[...]]).error == .rowTooLong)
    #expect(CSVRows([bytes[..<4150], bytes[4150...]]).error == .rowTooLong)
  }
}
