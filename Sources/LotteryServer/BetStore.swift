package import LotteryProtocol
import Synchronization

/// All bets and the agencies that have finished: two files, and what must be known of them without
/// reading them.
///
/// Each file is a ``Journal``, which is the lock of `store_bets`. This type adds whose bets they
/// are: it counts them, and lets one connection at a time speak for an agency.
///
/// That one connection is the holder of the agency's ``Claim``, and only the holder stores. A newer
/// connection takes the claim, waits until the rows that the older one was storing are safe or have
/// failed, and only then learns from the record how many bets are stored. What the older connection
/// tries to store afterwards is refused. So each bet is stored once, whichever connection sends it.
package final class BetStore: Sendable {
  /// An agency has a record while it has bets, has finished, or a connection speaks for it.
  let records: Mutex<[UInt32: AgencyRecord]>
  let bets: Journal
  private let finished: Journal
  let directory: DataDirectory
  let recovery: Recovery

  /// Opens the files in `directory` and reads what they hold.
  ///
  /// - Parameter onFailure: is called when the disk can no longer be relied upon.
  /// - Throws: ``StorageError``; `CancellationError` if the task is cancelled.
  package init(
    directory path: Path, disk: any Disk = LocalDisk(),
    onFailure: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) throws {
    directory = try DataDirectory(path: path)
    var opened: [Journal] = []
    do {
      for name in ["/bets.csv", "/finished.csv"] {
        opened.append(try Journal(path: path + name, on: disk, onFailure: onFailure))
      }
      try directory.synchronize()
      // After a crash, what is found may be in the kernel's memory only, and WELCOME will
      // acknowledge it. Sync before anything is changed, so that a failure changes nothing.
      for journal in opened { try journal.synchronize() }
      (bets, finished) = (opened[0], opened[1])
      let (recovery, records) = try Recovery.read(bets: bets, finished: finished)
      self.recovery = recovery
      self.records = Mutex(records)
    } catch {
      for journal in opened { journal.close() }
      directory.close()
      throw error
    }
  }

  var finishedAgencies: [UInt32] {
    records.withLock { $0.filter(\.value.hasFinished).map(\.key) }
  }

  /// Every agency that has bets, has finished, or is connected, in the order of their numbers.
  var agencyStatuses: [LotteryStatus.Agency] {
    // A copy of the table would outlive the lock, and the next change would copy all of it.
    let agencies = records.withLock { records in
      records.map { number, record in
        LotteryStatus.Agency(
          number: number, stored: record.stored, hasFinished: record.hasFinished,
          isConnected: record.claim != nil)
      }
    }
    return agencies.sorted { $0.number < $1.number }
  }

  var syncTimes: SyncTimes { bets.syncTimes }

  /// Makes a connection the one that speaks for its agency.
  ///
  /// The previous holder loses the claim at once, and this waits for the rows that it was storing.
  /// A connection that was accepted before the holder of the claim does not get it: its agency has
  /// moved on to the newer connection.
  ///
  /// - Returns: the agency's record, or nil if the claim is lost or the task is cancelled.
  func take(_ claim: Claim) async -> AgencyRecord? {
    let (loser, writing) = update(claim.agency) { record -> (Claim?, Promise<Void>?) in
      if let holder = record.claim, holder.order > claim.order { return (claim, nil) }
      defer { record.claim = claim }
      return (record.claim, record.written)
    }
    loser?.onLoss()
    if loser === claim { return nil }
    if let writing, await writing.wait() == nil {
      release(claim)
      return nil
    }
    return update(claim.agency) { $0 }
  }

  /// Gives up `claim`, if it was not lost before.
  func release(_ claim: Claim) {
    update(claim.agency) { record in
      if record.claim === claim { record.claim = nil }
    }
  }

  /// The course's `store_bets`, for many workers at once: appends the same rows, byte for byte.
  /// Stores all bets or none, and returns when it is known what has become of them.
  ///
  /// - Throws: ``StorageError`` if none is stored, or if it is not known (``Journal/append(_:)``);
  ///   `.interrupted(.superseded)` if a newer connection holds the claim. Then none is stored.
  func store(_ bets: PendingBets, by claim: Claim) async throws {
    // Batches sent twice need no sync.
    guard bets.newBets > 0 else { return }
    try await append(bets.rows, to: self.bets, by: claim) { record in
      record.stored += UInt64(bets.newBets)
      record.lastRow = bets.lastRow
    }
  }

  /// Notes that the agency has finished, and returns when that is safe.
  ///
  /// - Throws: like ``store(_:by:)``.
  func finish(total: UInt64, by claim: Claim) async throws {
    var row: [UInt8] = []
    row.append(finishedRow: claim.agency, total: total)
    try await append(row, to: finished, by: claim) { $0.hasFinished = true }
  }

  /// Closes the files and releases the directory for another server. Nothing may be stored
  /// afterwards. `onClose` is called with the name of each file that has been closed.
  func close(onClose: (String) -> Void = { _ in }) {
    bets.close()
    onClose("bets.csv")
    finished.close()
    onClose("finished.csv")
    directory.close()
  }

  /// Appends `rows` to `journal` if `claim` is not lost, and then changes the agency's record.
  ///
  /// A newer connection that takes the claim over meanwhile waits for this.
  private func append(
    _ rows: [UInt8], to journal: Journal, by claim: Claim, change: (inout AgencyRecord) -> Void
  ) async throws {
    let written = Promise<Void>()
    let holdsClaim = update(claim.agency) { record in
      guard record.claim === claim else { return false }
      record.written = written
      return true
    }
    guard holdsClaim else { throw ConnectionError.interrupted(.superseded) }
    let error = await journal.append(rows)
    update(claim.agency) { record in
      record.written = nil
      if error == nil { change(&record) }
    }
    written.fulfill(())
    if let error { throw error }
  }

  /// Changes the record of `agency` under the lock, and keeps no empty one.
  @discardableResult
  private func update<Value: Sendable>(
    _ agency: UInt32, _ change: (inout AgencyRecord) -> Value
  ) -> Value {
    records.withLock { records in
      defer { if records[agency]?.isEmpty == true { records[agency] = nil } }
      return change(&records[agency, default: AgencyRecord()])
    }
  }
}

/// What the server knows about one agency.
struct AgencyRecord: Sendable {
  /// Bets that are safe.
  var stored: UInt64 = 0
  /// The row of the last of them, as it stands in `bets.csv`. Empty if ``stored`` is 0.
  var lastRow: [UInt8] = []
  var hasFinished = false
  var claim: Claim?
  /// Fulfilled when rows on their way to the disk are safe or have failed. Nil if none are.
  var written: Promise<Void>?

  var lastBet: Bet? { BetCSV.storedBet(row: lastRow.span)?.bet }
  /// Whether nothing is known of the agency, as if it had never connected.
  var isEmpty: Bool { stored == 0 && !hasFinished && claim == nil && written == nil }
}

/// The right of one connection to speak for an agency, until a newer connection takes it over.
final class Claim: Sendable {
  let agency: UInt32
  /// The place of the connection in the order in which the server accepted them. HELLOs of two
  /// connections may be handled in another order.
  let order: UInt64
  /// Tells the connection that it has lost the claim.
  let onLoss: @Sendable () -> Void

  init(agency: UInt32, order: UInt64, onLoss: @escaping @Sendable () -> Void) {
    self.agency = agency
    self.order = order
    self.onLoss = onLoss
  }
}

extension Claim: Equatable {
  static func == (left: Claim, right: Claim) -> Bool { left === right }
}
