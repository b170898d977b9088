import Testing

@testable import LotteryProtocol

@Suite("Looking at bytes as text")
struct SpanTextTests {
  @Test("One byte beyond ASCII is seen wherever it stands", arguments: 0..<20)
  func isASCII(position: Int) {
    var bytes = [UInt8](repeating: 0x7F, count: 20)
    let before = bytes.span.isASCII
    bytes[position] = 0x80
    let after = bytes.span.isASCII
    #expect(before)
    #expect(!after)
  }

  @Test(
    "UTF-8 is told from what is not",
    arguments: [
      ("", true), ("61", true), ("C3B1", true), ("E6B0B4", true), ("F09F8EB2", true),
      ("F48FBFBF", true), ("80", false), ("C3", false), ("C080", false), ("EDA080", false),
      ("F4908080", false), ("F5808080", false), ("6161616161616161FF", false),
    ])
  func isValidUTF8(bytes: String, expected: Bool) {
    let bytes = hex(bytes)
    let isValid = bytes.span.isValidUTF8
    #expect(isValid == expected)
  }

  @Test(
    "Only ASCII digits are digits",
    arguments: [
      ("0123456789", true), ("", true), ("12a", false), ("1 2", false), ("/", false), (":", false),
      ("٣", false),
    ])
  func allDigits(text: String, expected: Bool) {
    #expect(text.utf8.span.allDigits == expected)
  }

  @Test(
    "Bytes are equal where all of them are",
    arguments: [
      ([], [], true), ([1, 2], [1, 2], true), ([1, 2], [1, 3], false), ([1], [1, 2], false),
    ] as [([UInt8], [UInt8], Bool)])
  func isEqual(left: [UInt8], right: [UInt8], expected: Bool) {
    let isEqual = left.span.isEqual(to: right.span)
    #expect(isEqual == expected)
  }
}
