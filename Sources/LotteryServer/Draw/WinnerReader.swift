import LotteryCore

/// Reads the winners of one agency from `bets.csv`, one chunk of WINNERS frames after the other.
///
/// Between two chunks it holds less than one frame.
struct WinnerReader: Sendable {
  /// Whether the last frame has been returned.
  private(set) var isAtEnd = false
  /// Whether ``next()`` reads the file.
  var needsFile: Bool { missing > 0 }

  private let agency: UInt32
  private let bets: StoredBets
  /// Bytes of the file when the draw began.
  private let end: Int
  private var indexed: PositionList.Iterator
  /// Finds the winners for which the index had no room.
  private var beyond: WinnerScan
  /// Winners that have not been read yet. At the end of the file it must be 0.
  private var missing: Int
  private var writer = WinnersWriter()

  /// A chunk is complete with this many bytes of frames …
  private static let chunkSize = 4 * ProtocolLimits.packetSize
  /// … or after this many reads, so that other agencies and SIGTERM do not wait for long.
  private static let readsPerChunk = 16
  /// Winners that lie close together are read together, up to this many bytes …
  private static let blockSize = 64 * 1024
  /// … unless two of them are further apart than this: the bytes between them would be read in
  /// vain.
  private static let distanceLimit = 16 * 1024

  /// A reader of the winners in `entry`, which lie in the first `end` bytes of `bets`.
  init(of agency: UInt32, _ entry: WinnerIndex.Entry, in bets: StoredBets, before end: Int) {
    self.agency = agency
    self.bets = bets
    self.end = end
    indexed = entry.positions.makeIterator()
    beyond = WinnerScan(of: bets, at: (entry.firstBeyond ?? end)..<end)
    missing = entry.count
  }

  /// Returns the next frames, possibly none. Blocks while it reads the file.
  ///
  /// - Throws: ``StorageError``, also if the winners are no longer in the file.
  mutating func next() throws(StorageError) -> [UInt8] {
    var reads = 0
    while missing > 0, reads < Self.readsPerChunk, writer.completeSize < Self.chunkSize {
      if try !readIndexed() { try readBeyond() }
      reads += 1
    }
    if missing == 0 {
      writer.finish()
      isAtEnd = true
    }
    return writer.takeFrames()
  }

  /// Reads the next winners in the index, as many as one block holds, and returns whether there
  /// were any.
  private mutating func readIndexed() throws(StorageError) -> Bool {
    var ahead = indexed
    guard let first = ahead.next() else { return false }
    var (last, count) = (first, 1)
    while let next = ahead.next(), next - last <= Self.distanceLimit,
      next - first <= Self.blockSize - ProtocolLimits.csvRowSize
    {
      (last, count) = (next, count + 1)
    }
    let block = try bets.read(first..<min(last + ProtocolLimits.csvRowSize, end))
    for _ in 0..<count {
      guard let position = indexed.next() else { break }
      let row = block.span.extracting(droppingFirst: position - first)
      try take(
        BetCSV.storedBet(row: row.extracting(first: ProtocolLimits.csvRowSize)), at: position)
    }
    return true
  }

  /// Reads the next block after the winners in the index.
  private mutating func readBeyond() throws(StorageError) {
    guard let winners = try beyond.next() else { throw bets.changed(at: end) }
    for winner in winners where winner.agency == agency {
      try take((winner.agency, winner.bet), at: winner.position)
    }
  }

  private mutating func take(_ stored: (agency: UInt32, bet: Bet)?, at position: Int)
    throws(StorageError)
  {
    guard let stored, stored.agency == agency, hasWon(stored.bet), missing > 0
    else { throw bets.changed(at: position) }
    writer.append(document: stored.bet.document.utf8.span)
    missing -= 1
  }
}
