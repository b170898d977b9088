@testable import LotteryProtocol

/// What looks at eight bytes at a time finds what looking at one after the other finds.
func fuzzSearch(_ bytes: [UInt8]) {
  // All alignments, and with bytes in front that must not matter.
  for start in 0...min(48, bytes.count) {
    let text = bytes[start...]
    let span = bytes.span.extracting(start...)
    checkPlainText(bytes, from: start)
    expectEqual(span.hasNUL, text.contains(0), "hasNUL")
    expectEqual(span.isPlainASCII, text.allSatisfy(isPlainASCII), "isPlainASCII")
    let isText = String(validating: text, as: UTF8.self) != nil
    expectEqual(span.isValidUTF8, isText, "isValidUTF8")
    expectEqual(span.bytes.isUTF8(span.indices), isText, "isUTF8")
    expectEqual(span.allDigits, text.allSatisfy(isDigit), "allDigits")
    expectEqual(UInt32(decimal: span), decimal(text), "decimal")
    expectEqual(UInt64(decimal: span), decimal(text), "decimal")
  }
  checkPrintable(bytes)
}

private func checkPlainText(_ bytes: [UInt8], from start: Int) {
  let stops = Array(",\"\r\n".utf8)
  let end = bytes[start...].firstIndex { stops.contains($0) } ?? bytes.count
  expectEqual(bytes.span.endOfPlainText(from: start), end, "endOfPlainText")
}

private func isPlainASCII(_ byte: UInt8) -> Bool { (0x01...0x7F).contains(byte) }

private func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }

/// The standard library's idea of a number, which takes a sign in front besides.
private func decimal<Number: FixedWidthInteger>(_ digits: ArraySlice<UInt8>) -> Number? {
  digits.allSatisfy(isDigit) ? Number(String(decoding: digits, as: UTF8.self)) : nil
}

/// A field of a log line stays one: no line breaks, no `|`, and no longer than it may be.
private func checkPrintable(_ bytes: [UInt8]) {
  let text = PrintableText.escaped(bytes.span)
  let odd = text.unicodeScalars.filter { $0.value < 0x20 || $0 == "|" || $0 == "\u{7F}" }
  expectEqual(Array(odd), [], "not escaped")
  let cut = PrintableText.escaped(bytes.span, limit: 5)
  expectEqual(text == cut || cut.hasSuffix("…"), true, "cut off without saying so: \(cut)")
}
