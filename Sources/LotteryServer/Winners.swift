import LotteryProtocol

/// The outcome of the draw.
///
/// One scan of `bets.csv` counts all winners and keeps their documents, as WINNERS carries them.
/// There may be more than fit the memory, so each agency has an equal share of it. Only an agency
/// with more winners costs a second scan, from its first winner without room on, when it asks. So
/// the winners of one agency never delay those of another.
struct Winners: Sendable {
  /// The winners of one agency.
  struct OfAgency: Sendable {
    /// How many there are.
    private(set) var count = 0
    /// The documents of the first of them, each as its length in a byte and its digits.
    private(set) var documents: [UInt8] = []
    /// How many documents those are.
    private(set) var kept = 0
    /// Where the row of the first winner lies that is not among them.
    private(set) var firstBeyond: Int?

    /// Notes a winner after those before, and keeps its document if it fits the agency's `share`
    /// of the memory. Once one did not fit, none does: there must be no gap.
    fileprivate mutating func add(_ winner: WinnerScan.Winner, share: Int) {
      count += 1
      if firstBeyond != nil { return }
      guard documents.count + 1 + winner.bet.document.utf8.count <= share else {
        firstBeyond = winner.position
        return
      }
      documents.append(document: winner.bet)
      kept += 1
    }
  }

  /// Bytes that the documents of all agencies may take. Arrays grow by doubling, so up to twice as
  /// much may be reserved.
  static let sizeLimit = 16 * 1024 * 1024

  /// Winners of all agencies together.
  private(set) var count = 0
  private let bets: Journal
  /// Bytes of the file when the draw began. Only these are ever read.
  private let end: Int
  private var byAgency: [UInt32: OfAgency] = [:]

  /// Holds the draw over `bets`, for the agencies from 1 to `agencies`. Blocks while it reads them.
  /// If the task is cancelled, winners are missing.
  init(
    of bets: Journal, agencies: Int, sizeLimit: Int = sizeLimit
  ) throws(StorageError) {
    self.bets = bets
    end = bets.size
    let share = sizeLimit / max(1, agencies)
    var scan = WinnerScan(of: bets, at: 0..<end)
    var block: [UInt8] = []
    while !Task.isCancelled, let winners = try scan.next(&block) {
      for winner in winners where winner.agency <= agencies {
        byAgency[winner.agency, default: OfAgency()].add(winner, share: share)
        count += 1
      }
    }
  }

  /// The winners of `agency`, in the order in which their bets were stored.
  func reader(of agency: UInt32) -> WinnerReader {
    let winners = byAgency[agency, default: OfAgency()]
    return WinnerReader(of: agency, winners, in: bets, before: end)
  }
}

/// Makes WINNERS frames of the winners of one agency, one chunk after the other.
struct WinnerReader: Sendable {
  /// Whether the last frame has been returned.
  private(set) var isAtEnd = false
  /// Whether ``next()`` reads the file: what is held does not fill a frame.
  var needsFile: Bool {
    held < missing && documents.count - start < ProtocolLimits.packetSize
  }

  private let agency: UInt32
  /// Documents as in ``Winners/OfAgency``. Those before ``start`` are in frames.
  private var documents: [UInt8]
  private var start = 0
  /// Documents from ``start`` on.
  private var held: Int
  /// Winners that are in no frame yet.
  private var missing: Int
  /// Finds the winners after those in ``documents``.
  private var beyond: WinnerScan
  private let bets: Journal
  private let end: Int

  /// A chunk is complete with this many bytes of frames.
  private static let chunkSize = 4 * ProtocolLimits.packetSize
  /// Blocks of the file after which other agencies have their turn.
  private static let blocksInATurn = 16

  fileprivate init(
    of agency: UInt32, _ winners: Winners.OfAgency, in bets: Journal, before end: Int
  ) {
    self.agency = agency
    documents = winners.documents
    held = winners.kept
    missing = winners.count
    beyond = WinnerScan(of: bets, at: (winners.firstBeyond ?? end)..<end)
    self.bets = bets
    self.end = end
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
      guard let winners = try beyond.next(&block) else { throw bets.changed(at: end) }
      blocks += 1
      for winner in winners where winner.agency == agency {
        guard held < missing else { throw bets.changed(at: winner.position) }
        documents.append(document: winner.bet)
        held += 1
      }
    }
  }
}

extension Array where Element == UInt8 {
  fileprivate mutating func append(document bet: Bet) {
    append(UInt8(bet.document.utf8.count))
    append(contentsOf: bet.document.utf8)
  }
}
