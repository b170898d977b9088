import LotteryProtocol

/// Finds the winners in `bets.csv`, block by block.
///
/// This is the course's `for bet in load_bets(): if has_won(bet)`. It loads the bets, of which
/// there may be more than fit the memory, and ``hasWon(_:)`` decides.
///
/// In a block without quotes, as nearly all are, every line end ends a row. Then the scan looks for
/// the digits of the number at the end of a line, and reads only rows that end like a winner's.
/// In a block with quotes it reads every row.
struct WinnerScan: Sendable {
  /// A bet that won, its agency, and where its row begins.
  typealias Winner = (position: Int, agency: UInt32, bet: Bet)

  private let bets: Journal
  /// Where the next row begins.
  private var position: Int
  private let end: Int

  static let blockSize = 256 * 1024

  private static let candidates = WinnerCandidates(number: winningNumber)

  /// A scan of the rows at `range`, which begins at the front of one.
  init(of bets: Journal, at range: Range<Int>) {
    self.bets = bets
    position = range.lowerBound
    end = range.upperBound
  }

  /// Returns the winners in the next block, or nil if there are no more blocks. Blocks while it
  /// reads.
  ///
  /// - Parameter block: room to read into, empty before the first call.
  /// - Throws: ``StorageError``
  mutating func next(_ block: inout [UInt8]) throws(StorageError) -> [Winner]? {
    guard position < end else { return nil }
    let isLast = end - position <= Self.blockSize
    let count = isLast ? end - position : Self.blockSize
    if block.count < count { block = [UInt8](repeating: 0, count: count) }
    let found = try bets.read(position..<(position + count), into: &block)
    guard found == count else { throw bets.changed(at: position + found) }
    let rows = block.span.extracting(..<count)
    var winners: [Winner] = []
    var size = try scanLines(rows, &winners)
    if size == nil { size = try scanRows(rows, &winners) }
    if isLast {
      // What follows the last line end is no row.
      position = end
    } else {
      guard let size, size > 0 else { throw bets.changed(at: position) }
      position += size
    }
    return winners
  }

  /// Finds the winners among the whole rows, and returns how many bytes those are; nil if there are
  /// quotes.
  private func scanLines(
    _ block: Span<UInt8>, _ winners: inout [Winner]
  ) throws(StorageError) -> Int? {
    var rows: [Range<Int>] = []
    guard let size = Self.candidates.find(in: block, { rows.append($0) }) else { return nil }
    for row in rows {
      guard let (agency, bet) = BetCSV.storedBet(row: block.extracting(row)) else {
        throw bets.changed(at: position + row.lowerBound)
      }
      if hasWon(bet) { winners.append((position + row.lowerBound, agency, bet)) }
    }
    return size
  }

  /// Finds the winners among the whole rows, in a block that may have quotes.
  private func scanRows(
    _ block: Span<UInt8>, _ winners: inout [Winner]
  ) throws(StorageError) -> Int {
    var reader = CSVReader(capacity: Self.blockSize, at: position)
    reader.input.append(copying: block)
    var start = position
    do {
      while try reader.next(atEnd: false) == .row {
        let bytes = reader.input.storage
        let (agency, view) = try BetCSV.storedBet(reader.fields, in: bytes.span)
        let bet = Bet(view, in: bytes.span)
        if hasWon(bet) { winners.append((reader.row.lowerBound, agency, bet)) }
        start = reader.position
      }
    } catch {
      // Every row was read when it was stored or when the server started.
      throw bets.changed(at: start)
    }
    return reader.position - position
  }
}
