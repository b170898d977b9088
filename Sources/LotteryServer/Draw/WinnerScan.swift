import LotteryProtocol

/// Finds the winners in `bets.csv` without reading the other bets: of most rows it looks at the end
/// alone, where the number is.
///
/// That works where rows end at every line end, which is as long as no field stands in quotes. A
/// file with quotes in it is left to ``BetReader``.
struct WinnerScan {
  private let file: File
  private var winners = Winners()

  /// Bytes looked at in one go.
  private static let chunkSize = 1024 * 1024

  /// The winners in the file at `path`, or nil where it holds quotes.
  static func winners(in path: String) throws(SystemError) -> Winners? {
    var scan = WinnerScan(file: try File(reading: path))
    defer { scan.file.close() }
    return try scan.run() ? scan.winners : nil
  }

  private init(file: File) {
    self.file = file
  }

  private mutating func run() throws(SystemError) -> Bool {
    var buffer = InputBuffer(capacity: Self.chunkSize)
    while try buffer.fill({ room throws(SystemError) in try file.read(into: room) }) > 0 {
      let bytes = buffer.storage
      let unread = bytes.span.extracting(buffer.unread)
      guard unread.firstIndex(of: UInt8(ascii: "\"")) == nil else { return false }
      buffer.consume(note(unread))
    }
    return true
  }

  /// Notes the winners among the rows that are complete, and returns how many bytes those are.
  private mutating func note(_ bytes: Span<UInt8>) -> Int {
    var start = 0
    while let lineEnd = bytes.firstIndex(of: UInt8(ascii: "\n"), from: start) {
      let row = bytes.extracting(start...lineEnd)
      if row.mayHaveWon, let bet = Bet(csvRow: row), hasWon(bet) {
        winners.add(bet.document, of: bet.agency)
      }
      start = lineEnd + 1
    }
    return start
  }
}

extension Span where Element == UInt8 {
  /// Whether this row ends like that of a winner.
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
