// The winners: found by one scan of `bets.csv` when the draw is held, and sent as WINNERS frames.
//
// The scan counts all winners and keeps their documents, as WINNERS carries them. There may be more
// than fit the memory, so each agency has an equal share of it. Only an agency with more winners
// costs a second scan, from its first winner without room on, when it asks. So the winners of one
// agency never delay those of another.

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

/// The outcome of the draw.
struct Winners: Sendable {
  /// Bytes that the documents of all agencies may take. Arrays grow by doubling, so up to twice as
  /// much may be reserved.
  static let sizeLimit = 16 * 1024 * 1024

  /// Winners of all agencies together.
  private(set) var count = 0
  private var byAgency: [UInt32: WinnerReader] = [:]
  /// The winners of an agency without any.
  private let none: WinnerReader

  /// Scans `bets` for the winners of the agencies from 1 to `agencies`. Blocks while it reads. If
  /// the task is cancelled, winners are missing.
  static func find(
    in bets: Journal, agencies: Int, sizeLimit: Int = sizeLimit
  ) throws(StorageError) -> Winners {
    // Only the bytes that the file has when the draw begins are ever read.
    let rows = 0..<bets.size
    var winners = Winners(none: WinnerReader(in: bets, before: rows.upperBound))
    let share = sizeLimit / max(1, agencies)
    var scan = WinnerScan(of: bets, at: rows)
    var block: [UInt8] = []
    while !Task.isCancelled, let found = try scan.next(&block) {
      for winner in found where winner.agency <= agencies {
        winners.byAgency[winner.agency, default: winners.none].add(winner, share: share)
        winners.count += 1
      }
    }
    return winners
  }

  /// The winners of `agency`, in the order in which their bets were stored.
  func reader(of agency: UInt32) -> WinnerReader { byAgency[agency, default: none] }
}

/// The winners of one agency that were not sent yet. Makes WINNERS frames of them, one chunk after
/// the other.
struct WinnerReader: Sendable {
  /// Whether the last frame has been returned.
  private(set) var isAtEnd = false
  /// Whether ``next()`` reads the file: what is held does not fill a frame.
  var needsFile: Bool {
    held < missing && documents.count - start < ProtocolLimits.packetSize
  }

  /// Winners that are in no frame yet.
  private var missing = 0
  /// The documents of the first of them, each as its length in a byte and its digits, from
  /// ``start`` on. Those before are in frames.
  private var documents: [UInt8] = []
  private var start = 0
  /// How many documents those are.
  private var held = 0
  /// Finds the winners after those: those without room in the memory of the draw.
  private var beyond: (agency: UInt32, scan: WinnerScan)?
  private let bets: Journal
  private let end: Int

  /// A chunk is complete with this many bytes of frames.
  private static let chunkSize = 4 * ProtocolLimits.packetSize
  /// Blocks of the file after which other agencies have their turn.
  private static let blocksInATurn = 16

  /// The winners among the rows of `bets` before `end`, none of which is known yet.
  fileprivate init(in bets: Journal, before end: Int) {
    self.bets = bets
    self.end = end
  }

  /// Notes a winner after those before, and keeps its document if it fits the agency's `share`
  /// of the memory. Once one did not fit, none does: there must be no gap.
  fileprivate mutating func add(_ winner: WinnerScan.Winner, share: Int) {
    missing += 1
    if beyond != nil { return }
    if documents.count + 1 + winner.bet.document.utf8.count <= share { return hold(winner.bet) }
    beyond = (winner.agency, WinnerScan(of: bets, at: winner.position..<end))
  }

  private mutating func hold(_ bet: Bet) {
    documents.append(UInt8(bet.document.utf8.count))
    documents.append(contentsOf: bet.document.utf8)
    held += 1
  }

  /// Returns the next frames, possibly none. Blocks if it ``needsFile``.
  ///
  /// - Throws: ``StorageError``, also if the winners are no longer in the file.
  mutating func next() throws(StorageError) -> [UInt8] {
    if needsFile { try readOn() }
    var frames: [UInt8] = []
    while !isAtEnd, !needsFile, frames.count < Self.chunkSize {
      let part = ServerMessage.appendWinners(
        documents.span.extracting(droppingFirst: start), of: missing, to: &frames)
      start += part.size
      held -= part.count
      missing -= part.count
      isAtEnd = missing == 0
    }
    return frames
  }

  /// Reads the file until the documents of a frame are there. If the task is cancelled, none may
  /// be.
  private mutating func readOn() throws(StorageError) {
    documents.removeFirst(start)
    start = 0
    var block: [UInt8] = []
    var blocks = 0
    while needsFile, blocks < Self.blocksInATurn, !Task.isCancelled {
      guard let agency = beyond?.agency, let winners = try beyond?.scan.next(&block) else {
        throw bets.changed(at: end)
      }
      blocks += 1
      for winner in winners where winner.agency == agency {
        guard held < missing else { throw bets.changed(at: winner.position) }
        hold(winner.bet)
      }
    }
  }
}
