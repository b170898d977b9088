@testable import LotteryProtocol

/// What looks at eight bytes at a time finds what looking at one after the other finds.
func fuzzSearch(_ bytes: [UInt8]) {
  // All alignments, and with bytes in front that must not matter.
  for start in 0..<min(9, bytes.count + 1) {
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
  if bytes.allSatisfy({ $0 < 0x80 }) { expectEqual(unescaped(text), bytes, "read back") }
}

/// What ``PrintableText`` made `text` of, as long as that was ASCII.
private func unescaped(_ text: String) -> [UInt8] {
  let marks: [UInt8: UInt8] = [0x6E: 0x0A, 0x72: 0x0D, 0x74: 0x09, 0x5C: 0x5C]
  var result: [UInt8] = []
  var rest = Array(text.utf8)[...]
  while let byte = rest.popFirst() {
    guard byte == 0x5C, let mark = rest.popFirst() else {
      result.append(byte)
      continue
    }
    if let plain = marks[mark] {
      result.append(plain)
    } else {
      let digits = rest.dropFirst().prefix { $0 != 0x7D }
      result.append(UInt8(String(decoding: digits, as: UTF8.self), radix: 16) ?? 0)
      rest = rest[digits.endIndex...].dropFirst()
    }
  }
  return result
}
