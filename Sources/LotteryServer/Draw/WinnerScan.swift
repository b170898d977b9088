import LotteryCore

/// Finds the winners in a stretch of `bets.csv`, block by block.
///
/// This is the course's `for bet in load_bets(): if has_won(bet)`. It loads the bets, of which there
/// may be more than fit the memory, and ``hasWon(_:)`` decides.
///
/// In a block without quotes, as nearly all are, every line end ends a row. Then the scan looks only
/// at the end of each row, where the number is, and reads only rows that end like a winner's. In a
/// block with quotes it reads every row.
struct WinnerScan: Sendable {
  /// A bet that won, and where its row begins.
  typealias Winner = (position: Int, bet: Bet)

  private let bets: StoredBets
  /// Where the next row begins.
  private var position: Int
  private let end: Int

  /// Bytes read in one go.
  static let blockSize = 256 * 1024

  /// A scan of the rows at `range`, which begins at the front of one.
  init(of bets: StoredBets, at range: Range<Int>) {
    self.bets = bets
    position = range.lowerBound
    end = range.upperBound
  }

  /// Returns the winners in the next block, or nil if there are no more blocks. Blocks while it reads.
  ///
  /// - Throws: ``StorageError``
  mutating func next() throws(StorageError) -> [Winner]? {
    guard position < end else { return nil }
    let isLast = end - position <= Self.blockSize
    let block = try bets.read(position..<(isLast ? end : position + Self.blockSize))
    var winners: [Winner] = []
    let size =
      block.span.firstIndex(of: UInt8(ascii: "\"")) == nil
      ? try scanLines(block.span, &winners) : try scanRows(block.span, &winners)
    if !isLast, size == 0 { throw bets.changed(at: position) }
    // What follows the last line end of the stretch is no row.
    position = isLast ? end : position + size
    return winners
  }

  /// Finds the winners among the rows that are complete, and returns how many bytes those are.
  private func scanLines(
    _ block: Span<UInt8>, _ winners: inout [Winner]
  ) throws(StorageError) -> Int {
    var start = 0
    while let lineEnd = block.firstIndex(of: UInt8(ascii: "\n"), from: start) {
      let row = block.extracting(start...lineEnd)
      if row.mayHaveWon {
        guard let bet = Bet(csvRow: row) else { throw bets.changed(at: position + start) }
        if hasWon(bet) { winners.append((position + start, bet)) }
      }
      start = lineEnd + 1
    }
    return start
  }

  /// The same, in a block that may have quotes in it.
  private func scanRows(
    _ block: Span<UInt8>, _ winners: inout [Winner]
  ) throws(StorageError) -> Int {
    var reader = CSVReader(capacity: Self.blockSize, at: position)
    reader.input.append(copying: block)
    var start = position
    do {
      while try reader.next(atEnd: false) == .row {
        let bytes = reader.input.storage
        let (agency, located) = try BetCSV.bet(reader.fields, hasAgency: true, in: bytes.span)
        let bet = Bet(agency: agency, located, in: bytes.span)
        if hasWon(bet) { winners.append((reader.row.lowerBound, bet)) }
        start = reader.position
      }
    } catch {
      // Every row was read when it was stored or when the server started.
      throw bets.changed(at: start)
    }
    return reader.position - position
  }
}

extension Span where Element == UInt8 {
  /// Whether this row ends like a winner's.
  fileprivate var mayHaveWon: Bool {
    var digit = count - 2
    if digit >= 0, self[digit] == UInt8(ascii: "\r") { digit -= 1 }
    var rest = winningNumber
    while rest > 0 {
      guard digit >= 0, self[digit] == UInt8(ascii: "0") + UInt8(rest % 10) else { return false }
      (rest, digit) = (rest / 10, digit - 1)
    }
    return true
  }
}
