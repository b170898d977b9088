import LotteryProtocol
import LotteryCore
import Synchronization

/// All bets and who has finished: two files, and what must be known of them without reading them.
///
/// The only way to the files is through a ``CommitLog``, which is the lock of `store_bets`. What
/// this type adds is whose bets they are: it counts them, and sees to it that one connection at a
/// time speaks for an agency.
package final class BetStore: Sendable {
  /// An agency has an entry while it has bets, has finished, or a connection speaks for it.
  let ledgers: Mutex<[UInt32: AgencyLedger]>
  private let bets: CommitLog
  private let finished: CommitLog
  /// Where the files lie.
  let directory: DataDirectory

  /// The bets, for the draw.
  let storedBets: StoredBets

  /// What was found in the files at the start.
  let recovery: Recovery.Report

  /// Opens the files in `directory` and reads what they hold.
  ///
  /// - Parameters:
  ///   - onFailure: is called when the disk can no longer be relied upon.
  /// - Throws: ``StorageError`` where they cannot be read, are damaged, or another server uses
  ///   them.
  package init(
    directory path: String, durability: Durability = .disk,
    onFailure: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) throws(StorageError) {
    directory = try DataDirectory(path: path)
    var opened: [AppendOnlyFile] = []
    do throws(StorageError) {
      var betsFile = try AppendOnlyFile(path: directory.bets)
      opened.append(betsFile)
      var finishedFile = try AppendOnlyFile(path: directory.finished)
      opened.append(finishedFile)
      try directory.synchronize()
      // What is found may be in the kernel's memory alone, if a crash came before the sync, and it
      // will be acknowledged in WELCOME. Sync first: if that fails, nothing has been changed.
      if durability == .disk {
        try betsFile.synchronize()
        try finishedFile.synchronize()
      }
      let recovery = try Recovery(
        bets: &betsFile, finished: &finishedFile, durability: durability)
      self.recovery = recovery.report
      storedBets = try betsFile.share()
      ledgers = Mutex(recovery.ledgers)
      bets = CommitLog(betsFile, durability: durability, onFailure: onFailure)
      finished = CommitLog(finishedFile, durability: durability, onFailure: onFailure)
    } catch {
      for file in opened { file.close() }
      directory.close()
      throw error
    }
  }

  /// The agencies that have finished.
  var finishedAgencies: [UInt32] {
    ledgers.withLock { $0.filter(\.value.hasFinished).map(\.key) }
  }

  /// Every agency that has bets, has finished, or is connected, in the order of their numbers.
  var agencyStatuses: [LotteryStatus.Agency] {
    let agencies = ledgers.withLock { ledgers in
      ledgers.map { number, ledger in
        LotteryStatus.Agency(
          number: number, stored: ledger.stored, hasFinished: ledger.hasFinished,
          isConnected: ledger.claim != nil)
      }
    }
    return agencies.sorted { $0.number < $1.number }
  }

  /// How long the disk has been waited for, for bets.
  var syncTimes: SyncTimes { bets.syncTimes }

  /// Makes a connection the one that speaks for its agency. One that did so before has lost the
  /// claim from then on; what it was storing is waited for. A connection that was accepted before
  /// the one that holds the claim loses it at once: its agency has gone on to the newer one.
  ///
  /// - Returns: how far the agency is, or nil if the claim is lost or the task is cancelled.
  func take(_ claim: Claim) async -> AgencyStanding? {
    let (loser, writing) = update(claim.agency) { ledger -> (Claim?, Promise<Void>?) in
      if let holder = ledger.claim, holder.order > claim.order { return (claim, nil) }
      defer { ledger.claim = claim }
      return (ledger.claim, ledger.writing)
    }
    loser?.onLoss()
    if loser === claim { return nil }
    if let writing { guard await writing.wait() != nil else { return nil } }
    return update(claim.agency) { $0.standing(of: claim.agency) }
  }

  /// Gives up `claim`, if it was not lost before.
  func release(_ claim: Claim) {
    update(claim.agency) { ledger in
      if ledger.claim === claim { ledger.claim = nil }
    }
  }

  /// Stores the bets of `group`, all or nothing, and returns when they are safe. This is the course's
  /// `store_bets`: the same rows, byte for byte, for many workers at once.
  ///
  /// - Throws: ``StorageError``; then nothing is stored.
  func store(_ group: BetGroup, by claim: Claim) async throws(StorageError) {
    guard !group.rows.isEmpty else { return }
    try await write(to: bets, group.rows, by: claim) { ledger in
      ledger.stored += UInt64(group.newBets)
      ledger.lastRow = group.lastRow
    }
  }

  /// Notes that the agency has finished, and returns when that is safe.
  ///
  /// - Throws: ``StorageError``; then it has not finished.
  func finish(total: UInt64, by claim: Claim) async throws(StorageError) {
    var row: [UInt8] = []
    row.append(finishedRow: claim.agency, total: total)
    try await write(to: finished, row, by: claim) { $0.hasFinished = true }
  }

  /// Closes the files, and then the directory, which another server may have from then on. Nothing
  /// may be stored any more.
  ///
  /// - Parameter onClose: is called with the name of each file that has been closed.
  func close(onClose: (String) -> Void = { _ in }) {
    bets.close()
    onClose("bets.csv")
    finished.close()
    onClose("finished.csv")
    directory.close()
  }

  /// Appends `rows` to `log` for the one who holds the claim, and then changes the agency's ledger.
  ///
  /// A newer connection that takes the claim over meanwhile waits for this.
  private func write(
    to log: CommitLog, _ rows: [UInt8], by claim: Claim, change: (inout AgencyLedger) -> Void
  ) async throws(StorageError) {
    let writing = Promise<Void>()
    let holdsClaim = update(claim.agency) { ledger in
      guard ledger.claim === claim else { return false }
      ledger.writing = writing
      return true
    }
    guard holdsClaim else { throw .claimLost(agency: claim.agency) }
    defer { writing.fulfill(()) }
    do throws(StorageError) {
      try await log.append(rows)
    } catch {
      update(claim.agency) { $0.writing = nil }
      throw error
    }
    update(claim.agency) { ledger in
      ledger.writing = nil
      change(&ledger)
    }
  }

  /// Changes the ledger of `agency` under the lock, and keeps no empty one.
  @discardableResult
  private func update<Value: Sendable>(
    _ agency: UInt32, _ change: (inout AgencyLedger) -> Value
  ) -> Value {
    ledgers.withLock { ledgers in
      var ledger = ledgers.removeValue(forKey: agency) ?? AgencyLedger()
      defer { if !ledger.isEmpty { ledgers[agency] = ledger } }
      return change(&ledger)
    }
  }
}
