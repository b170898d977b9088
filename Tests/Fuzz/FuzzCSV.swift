@testable import LotteryProtocol

/// A file of bets is the same bets however it arrives and whichever way it is read, and a row that
/// was written is read back.
func fuzzCSV(_ bytes: [UInt8]) {
  // Each piece makes the reader look at a row anew: many in a long row only take time.
  let piece = max(1 + Int(bytes.last ?? 0) % 32, bytes.count / 64)
  for number: UInt32 in [7, 7574, 123_456_789] { checkCandidates(bytes, of: number) }
  let frames = Frames(bytes, piece: bytes.count, isFast: false)
  let stored = StoredRows(bytes, piece: bytes.count)
  expectEqual(Frames(bytes, piece: piece, isFast: false), frames, "in pieces of \(piece)")
  expectEqual(StoredRows(bytes, piece: piece), stored, "in pieces of \(piece)")
  // In small pieces the fast path takes one row at a time.
  for piece in [piece, bytes.count] {
    expectEqual(Frames(bytes, piece: piece, isFast: true), frames, "frames on the fast path")
    checkCounted(bytes, piece: piece, like: stored)
  }
  for row in stored.rows {
    var written: [UInt8] = []
    written.append(csvRow: row.bet, agency: row.agency)
    for text in [Array(bytes[row.place]), written] {
      let read = BetCSV.storedBet(row: text.span)
      expectEqual(read?.agency, row.agency, "agency of the row at \(row.place)")
      expectEqual(read?.bet, row.bet, "bet of the row at \(row.place)")
    }
  }
}

/// Reads the rows of `file` until its end or the first error, which may be one of `row`, and returns
/// that.
///
/// - Parameters:
///   - piece: how many bytes arrive at a time.
///   - first: may take rows before each is read on its own.
///   - row: gets each row that is read on its own.
private func readRows(
  _ file: [UInt8], piece: Int, first: (inout CSVReader) -> Void = { _ in },
  row: (borrowing CSVReader) throws -> Void
) -> String? {
  var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
  var fed = 0
  do {
    while true {
      first(&reader)
      switch try reader.next(atEnd: fed == file.count) {
      case .end: return nil
      case .needsMore:
        let next = file.span.extracting(fed..<min(file.count, fed + piece))
        fed += reader.input.append(copying: next)
      case .row: try row(reader)
      }
    }
  } catch {
    return "\(error) on line \(reader.line)"
  }
}

/// The bets of `bets.csv`, up to its end or the first row that is none.
private struct StoredRows: Equatable {
  struct Row: Equatable {
    let agency: UInt32
    let bet: Bet
    let line: Int
    /// Where in the file this row lies.
    let place: Range<Int>
  }

  var rows: [Row] = []
  var ending: String?

  init(_ bytes: [UInt8], piece: Int) {
    ending = readRows(bytes, piece: piece) { reader in
      let storage = reader.input.storage
      let (agency, bet) = try BetCSV.storedBet(reader.fields, in: storage.span)
      rows.append(
        Row(
          agency: agency, bet: Bet(bet, in: storage.span), line: reader.line, place: reader.row))
    }
  }
}

/// Plain rows that are counted all at once, as by a server that starts, are those that are read one
/// by one.
private func checkCounted(_ bytes: [UInt8], piece: Int, like stored: StoredRows) {
  var (counts, lastRows) = ([UInt32: Int](), [UInt32: Range<Int>]())
  func count(_ rows: Int, of agency: UInt32, upTo lastRow: Range<Int>) {
    counts[agency, default: 0] += rows
    lastRows[agency] = lastRow
  }
  let ending = readRows(bytes, piece: piece) { reader in
    for run in reader.takeStoredRows() { count(run.rows, of: run.agency, upTo: run.lastRow) }
  } row: { reader in
    let storage = reader.input.storage
    let agency = try BetCSV.storedBet(reader.fields, in: storage.span).agency
    count(1, of: agency, upTo: reader.row)
  }
  let rows = Dictionary(grouping: stored.rows) { $0.agency }
  expectEqual(ending, stored.ending, "the end of rows that are counted")
  expectEqual(counts, rows.mapValues { $0.count }, "rows that are counted")
  // With a key path for this, the standard library copies memory onto itself (address sanitizer).
  expectEqual(lastRows, rows.compactMapValues { $0.last?.place }, "last rows of those")
}

/// The frames that an agency makes of its file, plain rows taken at once or one by one.
private struct Frames: Equatable {
  var bytes: [UInt8] = []
  var ending: String?

  init(_ file: [UInt8], piece: Int, isFast: Bool) {
    let maxAmount = 1 + Int(file.first ?? 0)
    var builder = BatchBuilder(maxAmount: maxAmount)
    var frames: [UInt8] = []
    ending = readRows(file, piece: piece) { reader in
      if isFast { builder.appendPlainRows(of: &reader, offset: 7, to: &frames) }
      if builder.count == maxAmount { _ = builder.finish(&frames) }
    } row: { reader in
      let storage = reader.input.storage
      let bet = try BetCSV.bet(reader.fields, in: storage.span)
      if !builder.hasRoom(for: bet, in: frames) { _ = builder.finish(&frames) }
      builder.append(bet, in: storage.span, offset: 7, to: &frames)
    }
    _ = builder.finish(&frames)
    bytes = frames
  }
}

/// The rows that end in a number are those whose last digits, at most eight, are the number's.
private func checkCandidates(_ bytes: [UInt8], of number: UInt32) {
  var found: [Range<Int>] = []
  let end = WinnerCandidates(number: number).find(in: bytes.span) { found.append($0) }
  guard !bytes.contains(.quote) else { return expectEqual(end, nil, "a quote") }
  let digits = "\(number)".utf8.suffix(8)
  var expected: [Range<Int>] = []
  var start = 0
  for lineEnd in bytes.indices where bytes[lineEnd] == .lineFeed {
    var rowEnd = lineEnd
    while rowEnd > start, bytes[rowEnd - 1] == .carriageReturn { rowEnd -= 1 }
    // The shortest row of a bet is longer than eight bytes.
    if rowEnd >= 8, bytes[..<rowEnd].suffix(digits.count).elementsEqual(digits) {
      expected.append(start..<(lineEnd + 1))
    }
    start = lineEnd + 1
  }
  expectEqual(end, start, "the end of the whole rows")
  expectEqual(found, expected, "candidates")
}
