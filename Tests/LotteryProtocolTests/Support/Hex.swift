/// The bytes that `text` writes in hexadecimal, blanks between them ignored.
func hex(_ text: String) -> [UInt8] {
  let digits = text.filter { $0 != " " && $0 != "\n" }.compactMap(\.hexDigitValue)
  precondition(digits.count % 2 == 0, "half a byte")
  return stride(from: 0, to: digits.count, by: 2).map { index in
    UInt8(digits[index] * 16 + digits[index + 1])
  }
}

/// The body of the frame that `bytes` hold: the header cut off.
func withoutHeader(_ bytes: [UInt8]) -> [UInt8] { Array(bytes.dropFirst(4)) }
