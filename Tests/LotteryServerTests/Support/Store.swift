import LotteryProtocol
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

extension TemporaryDirectory {
  /// The data directory of a server that has left these files.
  convenience init(bets: some Sequence<UInt8>, finished: String = "") throws {
    self.init()
    try write(bets, to: "bets.csv")
    try write(finished.utf8, to: "finished.csv")
  }

  /// What the two files of a server hold.
  var files: [[UInt8]] {
    get throws { try [read("bets.csv"), read("finished.csv")] }
  }
}

extension BetStore {
  convenience init(_ directory: TemporaryDirectory) throws {
    try self.init(directory: Path(directory.path))
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

  /// Stores bets of one agency on behalf of a connection with `claim`.
  ///
  /// - Throws: `.interrupted(.superseded)` if it does not hold the claim, or why they are not
  ///   stored.
  func store(_ bets: [Bet], by claim: Claim) async throws {
    var group = PendingBets()
    let frame = withoutHeader(Frames.batch(bets, at: 0))
    if case .bets(let batch) = try AgencyMessage(frame: frame.span) {
      _ = try group.add(batch, agency: claim.agency, known: 0, in: frame.span)
    }
    try await store(group, by: claim)
  }

  /// Expects that a new claim of `agency` is told this.
  func expectStanding(
    of agency: UInt32, stored: UInt64, last: Bet? = nil, hasFinished: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    let record = await take(Claim(agency: agency) {})
    #expect(record?.stored == stored, sourceLocation: sourceLocation)
    #expect(record?.lastBet == last, sourceLocation: sourceLocation)
    #expect(record?.hasFinished == hasFinished, sourceLocation: sourceLocation)
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

/// A bet as `bets.csv` has it.
struct StoredBet: Hashable {
  var agency: UInt32
  var bet: Bet
}

/// Bets as rows of `bets.csv`.
func rows(_ bets: [StoredBet]) -> [UInt8] { bets.flatMap { rows([$0.bet], of: $0.agency) } }
