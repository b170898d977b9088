import Testing

@testable import LotteryProtocol

@Suite struct PrintableTextTests {
  @Test(arguments: [
    ("", ""), ("Ana Ñuñez", "Ana Ñuñez"), ("水 🎲", "水 🎲"), ("a|b", "a\\u{7C}b"),
    ("a\nb", "a\\nb"), ("a\r\nb", "a\\r\\nb"), ("a\tb", "a\\tb"), ("a\\b", "a\\\\b"),
    ("\0", "\\u{0}"), ("\u{1B}[31m", "\\u{1B}[31m"), ("\u{7F}", "\\u{7F}"),
    // Next line, line and paragraph separator, right-to-left override, zero width joiner.
    ("\u{85}", "\\u{85}"), ("\u{2028}", "\\u{2028}"), ("\u{2029}", "\\u{2029}"),
    ("\u{202E}", "\\u{202E}"), ("\u{200D}", "\\u{200D}"),
    ("é", "é"), ("e\u{301}", "e\u{301}"), ("\"'", "\"'"),
  ])
  func `what would break a line or a field is escaped, nothing else`(
    text: String, expected: String
  ) {
    #expect(PrintableText.escaped(text) == expected)
  }

  @Test(
    arguments: [
      ([0x61, 0xFF, 0x62], "a\u{FFFD}b"), ([0xC3], "\u{FFFD}"), ([0xFF, 0x0A], "\u{FFFD}\\n"),
    ] as [([UInt8], String)])
  func `what is not UTF-8 shows as U+FFFD`(bytes: [UInt8], expected: String) {
    #expect(PrintableText.escaped(bytes.span) == expected)
  }

  @Test(arguments: [
    ("abcd", "abcd"), ("abcde", "abcd…"), ("ññññ", "ññññ"), ("ñññññ", "ññññ…"),
    ("\n\n\n\n", "\\n\\n\\n\\n"), ("\n\n\n\n\n", "\\n\\n\\n\\n…"),
  ])
  func `a text is cut after the characters that may be shown`(text: String, expected: String) {
    #expect(PrintableText.escaped(text, limit: 4) == expected)
  }

  @Test func `no single character gets a line break or a separator through`() {
    for value in UInt32(0)...0xFFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      let escaped = PrintableText.escaped(String(scalar))
      let isFit = !escaped.contains("|") && !escaped.contains(where: \.isNewline)
      #expect(isFit, "U+\(String(value, radix: 16))")
    }
  }
}
