import LotteryProtocol
import Synchronization

/// All bets and the agencies that have finished: two files, and what must be known of them without
/// reading them.
///
/// The only way to the files is through a ``CommitLog``, which is the lock of `store_bets`. This
/// type adds whose bets they are: it counts them, and lets one connection at a time speak for an
/// agency.
///
/// That one connection is the holder of the agency's ``Claim``, and only the holder stores. A newer
/// connection takes the claim, waits until the rows that the older one was storing are safe or have
/// failed, and only then learns from the record how many bets are stored. What the older connection
/// tries to store afterwards is refused. So each bet is stored once, whichever connection sends it.
package final class BetStore: Sendable {
  /// An agency has a record while it has bets, has finished, or a connection speaks for it.
  let records: Mutex<[UInt32: AgencyRecord]>
  private let bets: CommitLog
  private let finished: CommitLog
  /// The directory of the files.
  let directory: DataDirectory

  /// The bets, for the draw.
  let storedBets: StoredBets

  /// What was found in the files at the start.
  let recovery: Recovery.Report

  /// Opens the files in `directory` and reads what they hold.
  ///
  /// - Parameters:
  ///   - disk: how the files reach it.
  ///   - onFailure: is called when the disk can no longer be relied upon.
  /// - Throws: ``StorageError`` if they cannot be read, are damaged, or another server uses them;
  ///   `CancellationError` if the task is cancelled.
  package init(
    directory path: String, disk: any Disk = LocalDisk(),
    onFailure: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) throws {
    directory = try DataDirectory(path: path)
    var opened: [AppendOnlyFile] = []
    do {
      var betsFile = try AppendOnlyFile(path: directory.bets, on: disk)
      opened.append(betsFile)
      var finishedFile = try AppendOnlyFile(path: directory.finished, on: disk)
      opened.append(finishedFile)
      try directory.synchronize()
      // After a crash, what is found may be in the kernel's memory only, and WELCOME will
      // acknowledge it. Sync before anything is changed, so that a failure changes nothing.
      try betsFile.synchronize()
      try finishedFile.synchronize()
      let recovery = try Recovery(bets: &betsFile, finished: &finishedFile)
      self.recovery = recovery.report
      storedBets = try betsFile.share()
      records = Mutex(recovery.records)
      bets = CommitLog(betsFile, onFailure: onFailure)
      finished = CommitLog(finishedFile, onFailure: onFailure)
    } catch {
      for file in opened { file.close() }
      directory.close()
      throw error
    }
  }

  /// The agencies that have finished.
  var finishedAgencies: [UInt32] {
    records.withLock { $0.filter(\.value.hasFinished).map(\.key) }
  }

  /// Every agency that has bets, has finished, or is connected, in the order of their numbers.
  var agencyStatuses: [LotteryStatus.Agency] {
    let agencies = records.withLock { records in
      records.map { number, record in
        LotteryStatus.Agency(
          number: number, stored: record.stored, hasFinished: record.hasFinished,
          isConnected: record.claim != nil)
      }
    }
    return agencies.sorted { $0.number < $1.number }
  }

  /// How long syncs of the bets took.
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
      if record.isWriting, record.written == nil { record.written = Promise() }
      return (record.claim, record.written)
    }
    loser?.onLoss()
    if loser === claim { return nil }
    if let writing { guard await writing.wait() != nil else { return nil } }
    return update(claim.agency) { $0 }
  }

  /// Gives up `claim`, if it was not lost before.
  func release(_ claim: Claim) {
    update(claim.agency) { record in
      if record.claim === claim { record.claim = nil }
    }
  }

  /// The course's `store_bets`, for many workers at once: appends the same rows, byte for byte.
  /// Stores all bets or none, and returns when they are safe.
  ///
  /// - Parameters:
  ///   - rows: the rows of `count` bets, the last of which is `lastRow`.
  ///   - claim: the claim on their agency.
  /// - Returns: whether they are stored. If not, a newer connection holds the claim.
  /// - Throws: ``StorageError``. Then none of them is stored, unless ``StorageError/isFatal``: then
  ///   the next start tells.
  func store(
    _ rows: [UInt8], count: Int, lastRow: [UInt8], by claim: Claim
  ) async throws(StorageError) -> Bool {
    // Batches sent twice need no sync.
    guard count > 0 else { return true }
    return try await append(rows, to: bets, by: claim) { record in
      record.stored += UInt64(count)
      record.lastRow = lastRow
    }
  }

  /// Notes that the agency has finished, and returns when that is safe.
  ///
  /// - Returns: whether it has. If not, a newer connection holds the claim.
  /// - Throws: ``StorageError``, as ``store(_:count:lastRow:by:)`` does.
  func finish(total: UInt64, by claim: Claim) async throws(StorageError) -> Bool {
    var row: [UInt8] = []
    row.append(finishedRow: claim.agency, total: total)
    return try await append(row, to: finished, by: claim) { $0.hasFinished = true }
  }

  /// Closes the files and releases the directory for another server. Nothing may be stored
  /// afterwards.
  ///
  /// - Parameter onClose: is called with the name of each file that has been closed.
  func close(onClose: (String) -> Void = { _ in }) {
    bets.close()
    onClose("bets.csv")
    finished.close()
    onClose("finished.csv")
    directory.close()
  }

  /// Appends `rows` to `log` if `claim` is not lost, and then changes the agency's record.
  ///
  /// A newer connection that takes the claim over meanwhile waits for this.
  private func append(
    _ rows: [UInt8], to log: CommitLog, by claim: Claim, change: (inout AgencyRecord) -> Void
  ) async throws(StorageError) -> Bool {
    let holdsClaim = update(claim.agency) { record in
      guard record.claim === claim else { return false }
      record.isWriting = true
      return true
    }
    guard holdsClaim else { return false }
    var isSafe = false
    defer {
      let written = update(claim.agency) { record in
        defer { record.written = nil }
        record.isWriting = false
        if isSafe { change(&record) }
        return record.written
      }
      written?.fulfill(())
    }
    try await log.append(rows)
    isSafe = true
    return true
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
