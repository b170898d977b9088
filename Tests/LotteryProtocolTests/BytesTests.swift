import TestSupport
import Testing

@testable import LotteryProtocol

/// Texts in bytes. What is searched for, and numbers, are compared with plain loops and the standard
/// library by the fuzz target `search`.
@Suite struct TextTests {
  @Test(arguments: [
    ("Ana Ñuñez", "Ana Ñuñez"), ("水 🎲 \"'", "水 🎲 \"'"), ("a|b", "a\\u{7C}b"),
    ("a\r\nb\tc\\d", "a\\r\\nb\\tc\\\\d"), ("\0\u{7F}", "\\u{0}\\u{7F}"),
    ("\u{1B}[31m\u{B}\u{C}", "\\u{1B}[31m\\u{B}\\u{C}"), ("e\u{301}", "e\u{301}"),
    // Next line, line and paragraph separator, right-to-left override, zero width joiner.
    ("\u{85}\u{2028}\u{2029}\u{202E}\u{200D}", "\\u{85}\\u{2028}\\u{2029}\\u{202E}\\u{200D}"),
  ])
  func `what would break a line or a field is escaped, nothing else`(
    text: String, expected: String
  ) {
    #expect(PrintableText.escaped(text.utf8.span) == expected)
  }

  @Test(
    arguments: [
      (Array("abcd".utf8), "abcd"), (Array("abcde".utf8), "abcd…"), (Array("ññññ".utf8), "ññññ"),
      (Array("ñññññ".utf8), "ññññ…"), ([10, 10, 10, 10, 10], "\\n\\n\\n\\n…"),
      ([0x61, 0xFF, 0x62], "a\u{FFFD}b"), ([0xC3], "\u{FFFD}"), ([0xFF, 0x0A], "\u{FFFD}\\n"),
    ] as [([UInt8], String)])
  func `bytes are cut after the characters that may be shown, U+FFFD where they are no UTF-8`(
    bytes: [UInt8], expected: String
  ) {
    #expect(PrintableText.escaped(bytes.span, limit: 4) == expected)
  }
}

/// The memory of a buffer. What it holds is compared by the fuzz target `frames`.
@Suite struct InputBufferTests {
  @Test func `it owns no memory before it is filled, nor once it has given it back`() {
    var buffer = InputBuffer(capacity: 8)
    for unread in [[], [2], []] as [[UInt8]] {
      let (kept, isEmpty) = (buffer.unreadBytes, buffer.storage.isEmpty)
      #expect(kept == unread)
      #expect(isEmpty == unread.isEmpty)
      if kept.isEmpty { buffer.feed([1, 2]) }
      buffer.consume(1)
      buffer.releaseIfEmpty()
    }
  }

  @Test func `it takes no more than its capacity, and as much again once that is consumed`() {
    var buffer = InputBuffer(capacity: 4)
    for (fed, taken, unread) in [
      ([1, 2, 3, 4, 5], 4, [1, 2, 3, 4]), ([5], 0, [1, 2, 3, 4]), ([5, 6, 7, 8], 3, [4, 5, 6, 7]),
    ] as [([UInt8], Int, [UInt8])] {
      if unread[0] == 4 { buffer.consume(3) }
      let count = buffer.append(copying: fed.span)
      let (kept, isFull) = (buffer.unreadBytes, buffer.isFull)
      #expect(count == taken)
      #expect(isFull)
      #expect(kept == unread)
    }
  }

  @Test func `a read that brought nothing says nothing of the size of the next one`() {
    var buffer = InputBuffer(capacity: 20_000)
    for count in [nil, 960, 1920, 3840, 7680, nil, nil, nil] as [Int?] {
      _ = buffer.fill { _ in count }
      buffer.consume(buffer.unread.count)
      buffer.releaseIfEmpty()
    }
    _ = buffer.fill { _ in nil }
    let size = buffer.storage.count
    #expect(size == 15_360)
  }
}
