/// Counts the plain rows of `bets.csv`, all of which a server reads when it starts.
///
/// A row is an agency, a comma and a ``PlainRow``. It is checked like one that an agency sends, but
/// nothing is written. The agency is read as a word of eight bytes, so it has at most seven digits.
/// That names are UTF-8 is checked for all rows together. Anything else is left to ``CSVReader``
/// and ``BetCSV``, which are the specification.
struct StoredRowCounter {
  /// Bytes of the rows that were taken.
  private(set) var consumed = 0
  /// The rows that were taken, in their order.
  private(set) var runs: [AgencyRun] = []

  /// Takes rows from `input` until one is not plain.
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
        run?.append(row..<end)
        row = end
      }
    }
    if let run { runs.append(run) }
    consumed = row
  }

  /// The agency at the front of `row`, of at most seven digits, and its size with the comma after
  /// it.
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
  /// The range of the last row.
  package private(set) var lastRow = 0..<0

  package init(agency: UInt32) {
    self.agency = agency
  }

  package init(agency: UInt32, row: Range<Int>) {
    self.agency = agency
    append(row)
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

  /// Moves the range of the last row by `distance`.
  mutating func move(by distance: Int) {
    lastRow = (lastRow.lowerBound + distance)..<(lastRow.upperBound + distance)
  }
}
