import TestSupport
import Testing

@testable import LotteryProtocol

/// Numbers and texts in bytes. The fuzz target `search` compares the rest with plain loops.
@Suite struct TextTests {
  @Test(
    arguments: [
      ("0", 0), ("00042", 42), ("0000000000004294967295", .max), ("", nil), (" ", nil), ("-1", nil),
      ("+1", nil), ("1 ", nil), ("1.0", nil), ("0x10", nil), ("/", nil), (":", nil), ("٣", nil),
      ("4294967296", nil), ("42949672950", nil), ("18446744073709551616", nil),
    ] as [(String, UInt32?)])
  func `a number is digits and fits its type`(text: String, value: UInt32?) {
    #expect(UInt32(decimal: text.utf8.span) == value)
  }

  @Test func `numbers are written without leading zeros`() {
    var bytes: [UInt8] = []
    for value in [0, 9, 10, 1_000_000, .max] as [UInt64] {
      bytes.append(decimal: value)
      bytes.append(.comma)
    }
    #expect(String(decoding: bytes, as: UTF8.self) == "0,9,10,1000000,18446744073709551615,")
  }

  @Test(arguments: 0..<20)
  func `a byte that ends plain text is seen wherever it stands`(position: Int) {
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
    for byte: UInt8 in [0x00, 0x80, 0xFF] {
      // Next to 1 a NUL borrows from, and to 0x7F one that carries into, the bytes at its sides.
      for others: UInt8 in [0x01, 0x7F] {
        var bytes = [UInt8](repeating: others, count: 20)
        #expect(bytes.span.isPlainASCII == true)
        bytes[position] = byte
        #expect(bytes.span.isPlainASCII == false)
        #expect(bytes.span.hasNUL == (byte == 0))
      }
    }
  }

  @Test(arguments: [
    ("Ana Ñuñez", "Ana Ñuñez"), ("水 🎲 \"'", "水 🎲 \"'"), ("a|b", "a\\u{7C}b"),
    ("a\r\nb\tc\\d", "a\\r\\nb\\tc\\\\d"), ("\0\u{7F}", "\\u{0}\\u{7F}"),
    ("\u{1B}[31m", "\\u{1B}[31m"), ("e\u{301}", "e\u{301}"),
    // Next line, line and paragraph separator, right-to-left override, zero width joiner.
    ("\u{85}\u{2028}\u{2029}\u{202E}\u{200D}", "\\u{85}\\u{2028}\\u{2029}\\u{202E}\\u{200D}"),
  ])
  func `what would break a line or a field is escaped, nothing else`(
    text: String, expected: String
  ) {
    #expect(PrintableText.escaped(text.utf8.span) == expected)
  }

  @Test func `no single character gets a line break or a separator through`() {
    for value in UInt32(0)...0xFFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let escaped = PrintableText.escaped(String(scalar).utf8.span)
      let isFit = !escaped.contains("|") && !escaped.contains(where: \.isNewline)
      #expect(isFit, "U+\(String(value, radix: 16))")
    }
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

  @Test func `bytes that a failed read has written are not taken`() {
    var buffer = InputBuffer(capacity: 4)
    buffer.feed([1])
    do throws(CancellationError) {
      _ = try buffer.fill { room throws(CancellationError) in
        room[0] = 9
        throw CancellationError()
      }
      Issue.record("the failure was not thrown on")
    } catch {}
    let kept = buffer.unreadBytes
    #expect(kept == [1])
  }

  @Test func `however little arrives at a time, there is room for it until the buffer is full`() {
    var buffer = InputBuffer(capacity: 20_000)
    for count in 1...21_000 {
      if count == 3900 {
        buffer.consume(1000)
        buffer.shrink()
      }
      #expect(buffer.append(copying: [UInt8(truncatingIfNeeded: count)].span) == 1)
    }
    let isFull = buffer.isFull
    #expect(isFull)
    #expect(buffer.unreadBytes == (1001...21_000).map { UInt8(truncatingIfNeeded: $0) })
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
