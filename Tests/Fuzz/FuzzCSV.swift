@testable import LotteryCore

/// A file of bets is the same bets however it arrives and whichever way it is read, and a row that
/// was written is read back.
func fuzzCSV(_ bytes: [UInt8]) {
  // Each piece makes the reader look at a row anew: many in a long row only take time.
  let piece = max(1 + Int(bytes.last ?? 0) % 32, bytes.count / 64)
  for hasAgency in [false, true] {
    let general = BetRows(bytes, hasAgency: hasAgency, piece: bytes.count)
    expectEqual(
      general, BetRows(bytes, hasAgency: hasAgency, piece: piece), "in pieces of \(piece)")
    if hasAgency {
      expectEqual(Tally(bytes, piece: piece), Tally(general), "rows that are counted")
    }
    for row in general.rows { checkWritten(row.bet, agency: row.agency ?? 1) }
  }
}

/// The bets of a file, up to its end or the first row that is none.
private struct BetRows: Equatable {
  struct Row: Equatable {
    let agency: UInt32?
    let bet: Bet
    let line: Int
    /// Bytes of the file up to and including this row.
    let position: Int
  }

  var rows: [Row] = []
  /// Why there are no more rows, and on which line.
  var error: String?
  var errorLine = 0

  /// - Parameter piece: how many bytes arrive at a time.
  init(_ bytes: [UInt8], hasAgency: Bool, piece: Int) {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    var fed = 0
    do {
      while true {
        switch try reader.next(atEnd: fed == bytes.count) {
        case .end: return
        case .needsMore:
          let next = bytes.span.extracting(fed..<min(bytes.count, fed + piece))
          fed += reader.input.append(copying: next)
        case .row:
          let bytes = reader.input.storage
          if hasAgency {
            let (agency, bet) = try BetCSV.storedBet(reader.fields, in: bytes.span)
            add(agency, bet, reader)
          } else {
            add(nil, try BetCSV.bet(reader.fields, in: bytes.span), reader)
          }
        }
      }
    } catch {
      self.error = "\(error)"
      errorLine = reader.line
    }
  }

  private mutating func add(_ agency: UInt32?, _ bet: BetView, _ reader: borrowing CSVReader) {
    let bet = Bet(bet, in: reader.input.storage.span)
    rows.append(Row(agency: agency, bet: bet, line: reader.line, position: reader.position))
  }
}

/// How many bets of each agency a `bets.csv` holds, up to its end or the first row that is none.
private struct Tally: Equatable {
  var counts: [UInt32: Int] = [:]
  var error: String?
  var errorLine = 0

  init(_ rows: BetRows) {
    for row in rows.rows { counts[row.agency ?? 0, default: 0] += 1 }
    (error, errorLine) = (rows.error, rows.errorLine)
  }

  /// Counts plain rows all at once, as a server that starts does.
  init(_ bytes: [UInt8], piece: Int) {
    var reader = CSVReader(capacity: 2 * ProtocolLimits.csvRowSize)
    var fed = 0
    do {
      while true {
        for run in reader.takeStoredRows() { counts[run.agency, default: 0] += run.rows }
        switch try reader.next(atEnd: fed == bytes.count) {
        case .end: return
        case .needsMore:
          let next = bytes.span.extracting(fed..<min(bytes.count, fed + piece))
          fed += reader.input.append(copying: next)
        case .row:
          let storage = reader.input.storage
          let agency = try BetCSV.storedBet(reader.fields, in: storage.span).agency
          counts[agency, default: 0] += 1
        }
      }
    } catch {
      self.error = "\(error)"
      errorLine = reader.line
    }
  }
}

private func checkWritten(_ bet: Bet, agency: UInt32) {
  var row: [UInt8] = []
  row.append(csvRow: bet, agency: agency)
  let read = BetCSV.storedBet(row: row.span)
  expectEqual(read?.agency, agency, "agency written as \(row)")
  expectEqual(read?.bet, bet, "written as \(row)")
}
