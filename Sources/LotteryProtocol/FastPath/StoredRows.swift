/// Counts the plain rows of `bets.csv`, all of which a server reads when it starts.
///
/// A row is an agency, a comma and a ``PlainRow``. It is checked like one that an agency sends, but
/// nothing is written. The agency is read as a word of eight bytes, so it has at most seven digits.
/// That names are UTF-8 is checked for all rows together. Anything else is left to ``CSVReader``
/// and ``BetCSV``, which are the specification.
struct StoredRowCounter {
  /// Where in the file the rows begin.
  let position: Int
  private(set) var consumed = 0
  private(set) var runs: [AgencyRun] = []

  init(position: Int) {
    self.position = position
  }

  mutating func count(_ input: Span<UInt8>) {
    var row = 0
    var run: AgencyRun?
    var map = StopMap()
    input.withRowBytes { input in
      while let front = input.row(at: row), let (agency, size) = Self.agency(in: front),
        let text = input.row(at: row + size),
        let bet = PlainRow(in: text, stops: map.stops(in: input, at: row + size))
      {
        if run?.agency != agency {
          if let run { runs.append(run) }
          run = AgencyRun(agency: agency)
        }
        let end = row + size + bet.size
        run?.append((position + row)..<(position + end))
        row = end
      }
    }
    if let run { runs.append(run) }
    consumed = row
  }

  /// The agency at the front of `row`, of at most seven digits, and the size with its comma.
  @inline(__always)
  private static func agency(in row: RowBytes) -> (UInt32, size: Int)? {
    let word = row.word(at: 0, as: UInt64.self)
    let digits = word.marking(.comma).trailingZeroBitCount / 8
    guard (1...7).contains(digits) else { return nil }
    // The digits end in the highest byte, with zeros below them.
    let number = (word ^ DigitWord.zeros) &<< UInt64(8 * (8 - digits))
    let agency = UInt32(truncatingIfNeeded: DigitWord.value(of: number))
    guard DigitWord.above9(number) == 0, agency > 0 else { return nil }
    return (agency, digits + 1)
  }
}

/// Rows of `bets.csv` that belong to one agency and follow each other.
package struct AgencyRun: Equatable, Sendable {
  package let agency: UInt32
  package private(set) var rows = 0
  package private(set) var lastRow = 0..<0

  package init(agency: UInt32) {
    self.agency = agency
  }

  @inline(__always)
  package mutating func append(_ row: Range<Int>) {
    rows += 1
    lastRow = row
  }

  /// Adds rows that follow, perhaps after those of other agencies.
  package mutating func append(_ run: AgencyRun) {
    rows += run.rows
    lastRow = run.lastRow
  }
}

/// Finds the rows of `bets.csv` whose number may be a given one, a window at a time.
///
/// In bytes without quotes every line end ends a row, and the number is what stands before it. So a
/// window is compared with the number's last two digits, each at its place before a byte that may
/// end a line: that leaves out nearly all windows. What is left is compared with all digits as one
/// word. A row that compares equal is a candidate: `17574` ends like `7574`.
package struct WinnerCandidates {
  /// The digits of the number in the highest bytes of a word, and which bytes those are.
  private let digits: UInt64
  private let mask: UInt64
  private let last: UInt8
  /// The digit before the last one, one byte earlier. If there is none, the last one once more.
  private let previous: (digit: UInt8, distance: Int)

  /// Of more than eight digits only the last eight are compared.
  package init(number: UInt32) {
    var text: [UInt8] = []
    text.append(decimal: number)
    text = text.suffix(8)
    let word = text.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    let shift = UInt64(8 * (8 - text.count))
    digits = word << shift
    mask = ~0 << shift
    last = text[text.count - 1]
    previous = text.dropLast().last.map { ($0, 1) } ?? (last, 0)
  }

  /// Calls `take` with each candidate among the whole rows of `bytes`: the range of the row with
  /// its line end.
  /// - Parameter bytes: begin at the front of a row.
  /// - Returns: the size of the whole rows; nil if there is a quote, which leaves all to the
  ///   caller.
  package func find(
    in bytes: Span<UInt8>, _ take: (Range<Int>) -> Void
  ) -> Int? {
    let input = bytes.bytes
    // No row is so short that its last digit is the first byte.
    if bytes.isEmpty || bytes[0] == .quote { return bytes.isEmpty ? 0 : nil }
    var offset = 1
    while offset + 1 + ByteWindow.size <= bytes.count {
      let window = ByteWindow(input, at: offset)
      let ends = lastDigits(in: input, at: offset, window)
      if ByteWindow.hasAny(ends | window.mask(of: .quote)) {
        if window.matches(of: .quote) != 0 { return nil }
        var found = ByteWindow.bits(ends)
        while found != 0 {
          check(bytes, lastDigit: offset + found.trailingZeroBitCount, take)
          found &= found &- 1
        }
      }
      offset += ByteWindow.size
    }
    while offset < bytes.count {
      if bytes[offset] == .quote { return nil }
      if bytes[offset] == last { check(bytes, lastDigit: offset, take) }
      offset += 1
    }
    return rowStart(bytes, before: bytes.count)
  }

  /// Where in `window`, which begins at `offset`, the last digit stands after the one before it and
  /// before a control character.
  @inline(__always)
  private func lastDigits(
    in input: RawSpan, at offset: Int, _ window: ByteWindow
  ) -> ByteWindow.Mask {
    window.mask(of: last) & ByteWindow(input, at: offset + 1).controls
      & ByteWindow(input, at: offset - previous.distance).mask(of: previous.digit)
  }

  /// Takes the row whose last digit is at `lastDigit`, if it ends there and in the number.
  private func check(_ bytes: Span<UInt8>, lastDigit: Int, _ take: (Range<Int>) -> Void) {
    var lineEnd = lastDigit + 1
    // Like ``CSVReader``, which takes several of them.
    while lineEnd < bytes.count, bytes[lineEnd] == .carriageReturn { lineEnd += 1 }
    guard lineEnd < bytes.count, bytes[lineEnd] == .lineFeed,
      mayEnd(bytes.bytes, at: lastDigit + 1)
    else { return }
    take(rowStart(bytes, before: lineEnd)..<(lineEnd + 1))
  }

  /// Whether the row whose fields end at `end` ends in the digits.
  @inline(__always)
  private func mayEnd(_ input: RawSpan, at end: Int) -> Bool {
    // The shortest row of a bet is longer than a word.
    end >= 8 && input.word(at: end - 8, as: UInt64.self) & mask == digits
  }

  private func rowStart(_ bytes: Span<UInt8>, before lineEnd: Int) -> Int {
    var start = lineEnd
    while start > 0, bytes[start - 1] != .lineFeed { start -= 1 }
    return start
  }
}
