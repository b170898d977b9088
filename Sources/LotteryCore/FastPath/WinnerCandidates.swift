/// Finds the rows of `bets.csv` whose number may be a given one, a window at a time.
///
/// In bytes without quotes every line end ends a row, and the number is what stands before it. So
/// only line ends are looked for, and the bytes in front of each are compared with the number's
/// digits as one word. A row that compares equal is a candidate: `17574` ends like `7574`.
package struct WinnerCandidates {
  /// The digits of the number in the highest bytes of a word, and which bytes those are.
  private let digits: UInt64
  private let mask: UInt64

  /// Finds rows that may end in `number`. Of more than eight digits only the last eight are
  /// compared.
  package init(number: UInt32) {
    var text: [UInt8] = []
    text.append(decimal: number)
    text = text.suffix(8)
    let word = text.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let shift = UInt64(8 * (8 - text.count))
    digits = word << shift
    mask = ~0 << shift
  }

  /// Calls `take` with each candidate among the whole rows of `bytes`: the range of the row with
  /// its line end.
  ///
  /// - Parameter bytes: begin at the front of a row.
  /// - Returns: the size of the whole rows; nil if there is a quote, which leaves all to the
  ///   caller.
  package func find(
    in bytes: Span<UInt8>, _ take: (Range<Int>) -> Void
  ) -> Int? {
    let input = bytes.bytes
    var start = 0
    var offset = 0
    while offset + ByteWindow.size <= bytes.count {
      let window = ByteWindow(input, at: offset)
      if window.matches(of: .quote) != 0 { return nil }
      var lineEnds = window.matches(of: .lineFeed)
      while lineEnds != 0 {
        let lineEnd = offset + lineEnds.trailingZeroBitCount
        lineEnds &= lineEnds &- 1
        if mayEnd(input, at: lineEnd) { take(rowStart(bytes, before: lineEnd)..<(lineEnd + 1)) }
        start = lineEnd + 1
      }
      offset += ByteWindow.size
    }
    while offset < bytes.count {
      if bytes[offset] == .quote { return nil }
      if bytes[offset] == .lineFeed {
        if mayEnd(input, at: offset) { take(rowStart(bytes, before: offset)..<(offset + 1)) }
        start = offset + 1
      }
      offset += 1
    }
    return start
  }

  /// Whether the row that ends at `lineEnd` ends in the digits.
  @inline(__always)
  private func mayEnd(_ input: RawSpan, at lineEnd: Int) -> Bool {
    // The word begins up to nine bytes before the line end. The shortest row of a bet is longer.
    guard lineEnd >= 9 else { return false }
    let isCarriageReturn = input.word(at: lineEnd - 1, as: UInt8.self) == .carriageReturn
    let word = input.word(at: lineEnd - 8 - (isCarriageReturn ? 1 : 0), as: UInt64.self)
    return word & mask == digits
  }

  private func rowStart(_ bytes: Span<UInt8>, before lineEnd: Int) -> Int {
    var start = lineEnd
    while start > 0, bytes[start - 1] != .lineFeed { start -= 1 }
    return start
  }
}
