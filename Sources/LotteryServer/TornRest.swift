// What may be cut off the end of a file.
//
// A file grows by groups of whole rows, and rows are acknowledged when their group is synced. If
// the server dies before, the file may end anywhere in the group: with the beginning of one row. If
// the machine dies, pages of the group may be missing, too: the file has grown, and where they
// belong there are NUL bytes, which no row holds.
//
// Nothing else is cut off, because it may have been acknowledged. A flipped bit can turn a letter
// into an opening quote, after which all rows up to the end look like one unfinished name. So the
// rest of a file must hold no whole row, and it must be possible to complete its row so that it is,
// byte for byte, one that this server writes.

import LotteryProtocol

/// What follows the whole rows of a file, if it is what a crash leaves.
struct TornRest: Sendable, Equatable {
  /// Where it begins.
  let start: Int
  /// The beginning of a row, up to the first NUL.
  let beginning: [UInt8]
  /// Bytes up to the end of the file.
  let count: Int

  /// The unit in which a file reaches the disk.
  private static let pageSize = 4096

  /// Examines the bytes of `file` from `start` on, where its whole rows end. Nil if they are not
  /// what a crash leaves.
  ///
  /// - Parameter isBeginning: whether bytes are the beginning of a row that the server writes.
  init?(
    of file: Journal, from start: Int, isBeginning: ([UInt8]) -> Bool
  ) throws {
    self.start = start
    count = file.size - start
    let front = try file.read(start..<min(start + ProtocolLimits.csvRowSize, file.size))
    beginning = Array(front.prefix { $0 != 0 })
    guard beginning.isEmpty || isBeginning(beginning) else { return nil }
    let hole = start + beginning.count
    let next = try Self.endOfNULs(in: file, from: hole)
    guard next < file.size else { return }
    // Whole pages are missing, or all of the first one that belongs to the group.
    guard next % Self.pageSize == 0, hole == start || hole % Self.pageSize == 0,
      try Self.isRest(file, from: next)
    else { return nil }
  }

  /// Where the NUL bytes end that begin at `start`, if there are any.
  private static func endOfNULs(in file: Journal, from start: Int) throws -> Int {
    var position = start
    while position < file.size {
      try Task.checkCancellation()
      let bytes = try file.read(position..<min(position + CSVFile.chunkSize, file.size))
      if let other = bytes.firstIndex(where: { $0 != 0 }) { return position + other }
      position += bytes.count
    }
    return file.size
  }

  /// Whether the bytes from `start` on are a piece of rows without a whole one and without the end
  /// of the last one.
  private static func isRest(_ file: Journal, from start: Int) throws -> Bool {
    guard file.size - start < 2 * ProtocolLimits.csvRowSize else { return false }
    let bytes = try file.read(start..<file.size)
    return bytes.count { $0 == UInt8(ascii: "\n") } <= 1 && bytes.last != UInt8(ascii: "\n")
      && !bytes.contains(0)
  }
}

extension [UInt8] {
  /// Whether these bytes are the beginning of a row of `bets.csv`, as this server writes it, and
  /// hold no whole row.
  var beginsStoredRow: Bool {
    if holdsEndOfRow { return false }
    // Rows with and without a zero in front of what is left of a date.
    let ends = Self.suffixes(of: ",,,1,0001-01-01,1\r\n") + Self.suffixes(of: "10-10,1\r\n")
    // The rest of a character, and of a name that needs quotes.
    let characters: [[UInt8]] = [
      [], [0x80], [0x80, 0x80], [0x80, 0x80, 0x80], [0xA0, 0x80], [0x90, 0x80, 0x80],
    ]
    let quotes = ["", "\"", ",\"", "\"\""].map { [UInt8]($0.utf8) }
    return characters.contains { character in
      quotes.contains { quote in
        ends.contains { end in (self + character + quote + end).isStoredRow }
      }
    }
  }

  /// Whether these bytes are a row of `bets.csv` as this server writes it.
  private var isStoredRow: Bool {
    guard let (agency, bet) = BetCSV.storedBet(row: span) else { return false }
    var row: [UInt8] = []
    row.append(csvRow: bet, agency: agency)
    return row == self
  }

  /// Whether a line in these bytes ends like a row of `bets.csv`: in a document, a date and a
  /// number.
  private var holdsEndOfRow: Bool {
    let lines = split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).dropLast()
    return lines.contains { line in
      let fields = line.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false)
      let row = Array("1,,,".utf8) + fields.suffix(3).joined(separator: ",".utf8) + "\n".utf8
      return BetCSV.storedBet(row: row.span) != nil
    }
  }

  /// Whether these bytes are the beginning of a row of `finished.csv`, as this server writes it.
  var beginsFinishedRow: Bool {
    Self.suffixes(of: ",0\r\n").contains { end in
      let row = self + end
      let fields = row.dropLast(2).split(separator: UInt8(ascii: ",")).map([UInt8].init)
      guard let first = fields.first, let agency = UInt32(decimal: first.span), agency > 0,
        let last = fields.last, let total = UInt64(decimal: last.span)
      else { return false }
      var written: [UInt8] = []
      written.append(finishedRow: agency, total: total)
      return written == row
    }
  }

  /// What may complete a row: the ends of `row`, all but none.
  private static func suffixes(of row: String) -> [[UInt8]] {
    let bytes = [UInt8](row.utf8)
    return bytes.indices.map { Array(bytes[$0...]) }
  }
}
