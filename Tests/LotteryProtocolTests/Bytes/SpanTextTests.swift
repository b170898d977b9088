import Testing

@testable import LotteryProtocol

@Suite struct SpanTextTests {
  @Test(arguments: 0..<20) func `one byte beyond ASCII is seen wherever it stands`(position: Int) {
    var bytes = [UInt8](repeating: 0x7F, count: 20)
    let before = bytes.span.isASCII
    bytes[position] = 0x80
    let after = bytes.span.isASCII
    #expect(before)
    #expect(!after)
  }

  @Test(arguments: 0..<20)
  func `one byte of plain text that is NUL or beyond ASCII is seen wherever it is`(position: Int) {
    for byte: UInt8 in [0x00, 0x80, 0xFF] {
      // Next to 1 a NUL borrows from, and to 0x7F one that carries into, the bytes at its sides.
      for others: UInt8 in [0x01, 0x7F] {
        var bytes = [UInt8](repeating: others, count: 20)
        #expect(bytes.span.isPlainASCII == true)
        bytes[position] = byte
        #expect(bytes.span.isPlainASCII == false)
      }
    }
  }

  @Test(arguments: 0..<20)
  func `plain text ends at the first byte that may end a field or begin quotes`(position: Int) {
    for stop: UInt8 in [.comma, .quote, .lineFeed, .carriageReturn] {
      // Next to the stop, 1 less and 1 more.
      for others in [stop - 1, stop + 1, 0xFF] where others != .lineFeed {
        var bytes = [UInt8](repeating: others, count: 20)
        #expect(bytes.span.endOfPlainText(from: 0) == 20)
        bytes[position] = stop
        #expect(bytes.span.endOfPlainText(from: 0) == position)
        #expect(bytes.span.endOfPlainText(from: position) == position)
      }
    }
  }

  @Test(
    arguments: [
      ([], [], true), ([1, 2], [1, 2], true), ([1, 2], [1, 3], false), ([1], [1, 2], false),
    ] as [([UInt8], [UInt8], Bool)])
  func `bytes are equal if all of them are`(left: [UInt8], right: [UInt8], expected: Bool) {
    let isEqual = left.span.isEqual(to: right.span)
    #expect(isEqual == expected)
  }
}
