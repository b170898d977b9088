// Group commit: how many workers append to one file at once, safely, for one sync a group.
//
// A sync takes as long for one row as for a thousand. While one group of rows is on its way to the
// disk, the rows of all other callers gather in memory. When the disk has answered, they become the
// next group: one write, one sync, and then every caller of the group is resumed with its outcome.
// The more callers there are, the larger the groups become, and no caller waits for more than
// two syncs.
//
// A caller is suspended until its rows are safe, and holds no thread. The disk is waited for on a
// queue of its own. The lock of the gathered rows is held only to move bytes from one array to
// another, never during a write or a sync. Each `append` lies in the file unbroken, because a group
// is written in the order in which its callers took the lock.

import LotteryProtocol
import Synchronization

/// Appends to one file for many workers at once: the lock around `store_bets`.
final class CommitLog: Sendable {
  private typealias Waiter = UnsafeContinuation<StorageError?, Never>

  private struct State {
    /// The rows of the next group. Small ones are joined, large ones stay where they are.
    var rows: [[UInt8]] = []
    /// The callers of the next group. Each is resumed exactly once.
    var waiters: [Waiter] = []
    /// Whether ``CommitLog/flush()`` is scheduled or runs. It runs once at a time.
    var isFlushing = false
    var syncTimes = SyncTimes()
  }

  private let state = Mutex(State())
  /// Locked by the one flush that runs, and to close it.
  private let file: Mutex<AppendOnlyFile>
  private let queue: Disk.Queue
  private let onFailure: @Sendable (StorageError) -> Void

  /// A log over `file`.
  ///
  /// - Parameter onFailure: is called when the file can no longer be relied upon.
  init(_ file: AppendOnlyFile, onFailure: @escaping @Sendable (StorageError) -> Void) {
    self.file = Mutex(file)
    queue = file.disk.queue(label: "commit \(file.path)")
    self.onFailure = onFailure
  }

  /// Appends `rows`, which end in a line end, and returns when they are safe.
  ///
  /// - Throws: ``StorageError``. Then none of them is stored, unless ``StorageError/isFatal``: then
  ///   the next start tells.
  func append(_ rows: [UInt8]) async throws(StorageError) {
    let failure = await withUnsafeContinuation { waiter in
      let mustStart = state.withLock { state in
        Self.add(rows, to: &state.rows)
        state.waiters.append(waiter)
        defer { state.isFlushing = true }
        return !state.isFlushing
      }
      if mustStart { queue { self.flush() } }
    }
    if let failure { throw failure }
  }

  private static func add(_ rows: [UInt8], to group: inout [[UInt8]]) {
    if let last = group.last, last.count + rows.count <= joinedSize {
      group[group.count - 1] += rows
    } else {
      group.append(rows)
    }
  }

  /// The most bytes up to which rows are joined: to copy them costs less than a write(2) more.
  private static let joinedSize = 32 * 1024

  /// How long syncs took.
  var syncTimes: SyncTimes { state.withLock { $0.syncTimes } }

  /// Closes the file. Every append must have returned, and nothing may be appended afterwards.
  func close() {
    file.withLock { $0.close() }
  }

  private func flush() {
    while let (rows, waiters) = takeGroup() {
      // A caller that is resumed may use the memory of its rows again.
      let failure = commit(consume rows)
      for waiter in waiters { waiter.resume(returning: failure) }
    }
  }

  private func takeGroup() -> ([[UInt8]], [Waiter])? {
    state.withLock { state in
      guard !state.waiters.isEmpty else {
        state.isFlushing = false
        return nil
      }
      defer {
        state.rows = []
        state.waiters = []
      }
      return (state.rows, state.waiters)
    }
  }

  private func commit(_ rows: consuming [[UInt8]]) -> StorageError? {
    do throws(StorageError) {
      try file.withLock { file throws(StorageError) in
        try file.append(rows)
        try synchronize(&file)
      }
      return nil
    } catch {
      if error.isFatal { onFailure(error) }
      return error
    }
  }

  private func synchronize(_ file: inout AppendOnlyFile) throws(StorageError) {
    let start = ContinuousClock.now
    try file.synchronize()
    let duration = start.duration(to: .now)
    state.withLock { $0.syncTimes.add(duration) }
  }
}
