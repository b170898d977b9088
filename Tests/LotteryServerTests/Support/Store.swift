import LotteryProtocol
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// Tests name files by texts.
extension Journal {
  convenience init(
    path: String, on disk: any Disk = LocalDisk(),
    onFailure: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) throws(StorageError) {
    try self.init(path: Path(path), on: disk, onFailure: onFailure)
  }
}

extension BetStore {
  convenience init(
    directory path: String, disk: any Disk = LocalDisk(),
    onFailure: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) throws {
    try self.init(directory: Path(path), disk: disk, onFailure: onFailure)
  }

  /// All bets stored, at once.
  func allBets() throws -> [StoredBet] {
    var bets: [StoredBet] = []
    var rows = try CSVFile(path: self.bets.path, lastRow: .torn)
    while let (agency, view) = try rows.nextStoredBet() {
      bets.append(StoredBet(agency: agency, bet: Bet(view, in: rows.storage.span)))
    }
    return bets
  }

  /// All bets stored, which must be those of `agency`.
  func bets(of agency: UInt32 = 1) throws -> [Bet] {
    let all = try allBets()
    #expect(all.allSatisfy { $0.agency == agency })
    return all.map(\.bet)
  }

  /// Stores bets of `agency`.
  func storeBets(_ bets: [Bet], of agency: UInt32 = 1) async throws {
    let claim = Claim(agency: agency) {}
    _ = await take(claim)
    try await store(bets, by: claim)
    release(claim)
  }

  /// Stores bets of any agencies, those of one that follow each other together.
  func storeBets(_ bets: [StoredBet]) async throws {
    var rest = bets[...]
    while let agency = rest.first?.agency {
      let batch = rest.prefix { $0.agency == agency }
      rest = rest.dropFirst(batch.count)
      try await storeBets(batch.map(\.bet), of: agency)
    }
  }

  /// Stores bets of one agency on behalf of a connection with `claim`.
  ///
  /// - Throws: `.interrupted(.superseded)` if it does not hold the claim, or why they are not stored.
  func store(_ bets: [Bet], by claim: Claim) async throws {
    let frame = Array(Frames.batch(bets, at: 0)[ProtocolLimits.frameHeaderSize...])
    var group = PendingBets()
    if !bets.isEmpty, case .bets(let batch) = try AgencyMessage(frame: frame.span) {
      _ = try group.add(batch, agency: claim.agency, known: 0, in: frame.span)
    }
    switch try await store(group, by: claim) {
    case .stored: break
    case .notWritten(let error), .unknown(let error): throw error
    }
  }
}

/// How far an agency is.
struct Standing: Equatable {
  var stored: UInt64
  var lastBet: Bet?
  var hasFinished: Bool
}

extension BetStore {
  /// Expects that a new claim of `agency` is told this.
  func expectStanding(
    of agency: UInt32, stored: UInt64, last: Bet? = nil, hasFinished: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let standing = await take(Claim(agency: agency) {})?.standing
    let expected = Standing(stored: stored, lastBet: last, hasFinished: hasFinished)
    #expect(standing == expected, sourceLocation: sourceLocation)
  }
}

extension AgencyRecord {
  /// How far the agency is.
  var standing: Standing {
    Standing(stored: stored, lastBet: lastBet, hasFinished: hasFinished)
  }
}

extension Claim {
  private static let made = Atomic<UInt64>(0)

  /// The claim of a connection that was accepted after those of all claims made before.
  convenience init(agency: UInt32, onLoss: @escaping @Sendable () -> Void) {
    let order = Self.made.wrappingAdd(1, ordering: .relaxed).newValue
    self.init(agency: agency, order: order, onLoss: onLoss)
  }
}

extension Winners {
  /// The documents of all winners of `agency`, and the size of the largest chunk of frames.
  func all(of agency: UInt32) throws -> (documents: [String], largestChunk: Int) {
    var (reader, documents, largest) = (reader(of: agency), [String](), 0)
    while !reader.isAtEnd {
      // Whole frames.
      let frames = try reader.next()
      largest = max(largest, frames.count)
      let messages = try serverMessages(in: frames)
      for (index, message) in messages.enumerated() {
        let isLast = reader.isAtEnd && index == messages.count - 1
        guard case .winners(!isLast, let part) = message else { throw Peer.Unexpected() }
        documents += part
      }
    }
    return (documents, largest)
  }

  /// The documents of all winners of `agency`.
  func documents(of agency: UInt32) throws -> [String] { try all(of: agency).documents }
}

/// A bet as `bets.csv` has it.
struct StoredBet: Hashable {
  var agency: UInt32
  var bet: Bet
}

/// The bets of `agency` with the given indices, with the agency.
func storedBets(_ agency: UInt32, _ indices: Range<Int>) throws -> [StoredBet] {
  try sampleBets(indices, of: agency).map { StoredBet(agency: agency, bet: $0) }
}

/// Bets as rows of `bets.csv`.
func rows(_ bets: [StoredBet]) -> [UInt8] {
  var bytes: [UInt8] = []
  for stored in bets { bytes.append(csvRow: stored.bet, agency: stored.agency) }
  return bytes
}
