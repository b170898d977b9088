import Dispatch
import LotteryCore
import Synchronization

/// Appends to one file for many workers at once, safely: the lock around `store_bets`.
///
/// This is group commit. While one group of rows is on its way to the disk, the rows of everybody
/// else gather; then they go together, with one write and one sync. Who appends is suspended until
/// its rows are safe, and holds no thread; the disk is waited for on a queue of its own. The lock
/// is held to move bytes from one array to another and never while anybody waits.
final class CommitLog: Sendable {
  private typealias Waiter = UnsafeContinuation<StorageError?, Never>

  private struct State {
    var rows: [UInt8] = []
    var waiters: [Waiter] = []
    var isFlushing = false
    var syncTimes = SyncTimes()
  }

  private let state = Mutex(State())
  private let file: Mutex<AppendOnlyFile>
  private let queue: DispatchQueue
  private let durability: Durability
  private let onFailure: @Sendable (StorageError) -> Void

  /// A log over `file`.
  ///
  /// - Parameter onFailure: is called when the file can no longer be relied upon.
  init(
    _ file: AppendOnlyFile, durability: Durability,
    onFailure: @escaping @Sendable (StorageError) -> Void
  ) {
    self.file = Mutex(file)
    queue = DispatchQueue(label: "commit \(file.path)")
    self.durability = durability
    self.onFailure = onFailure
  }

  /// Appends `rows`, which end in a line end, and returns when they are safe.
  ///
  /// - Throws: ``StorageError``; then none of them is stored.
  func append(_ rows: [UInt8]) async throws(StorageError) {
    let failure = await withUnsafeContinuation { waiter in
      let mustStart = state.withLock { state in
        state.rows += rows
        state.waiters.append(waiter)
        defer { state.isFlushing = true }
        return !state.isFlushing
      }
      if mustStart { queue.async { self.flush() } }
    }
    if let failure { throw failure }
  }

  /// How long the disk has been waited for.
  var syncTimes: SyncTimes { state.withLock { $0.syncTimes } }

  /// Closes the file. Nobody may append any more.
  func close() {
    queue.sync { file.withLock { $0.close() } }
  }

  private func flush() {
    while let (rows, waiters) = takeGroup() {
      let failure = commit(rows)
      for waiter in waiters { waiter.resume(returning: failure) }
    }
  }

  private func takeGroup() -> ([UInt8], [Waiter])? {
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

  private func synchronize(_ file: inout AppendOnlyFile) throws(StorageError) {
    let start = ContinuousClock.now
    try file.synchronize()
    let duration = start.duration(to: .now)
    state.withLock { $0.syncTimes.add(duration) }
  }

  private func commit(_ rows: [UInt8]) -> StorageError? {
    do throws(StorageError) {
      try file.withLock { file throws(StorageError) in
        try file.append(rows)
        if durability == .disk { try synchronize(&file) }
      }
      return nil
    } catch {
      if error.isFatal { onFailure(error) }
      return error
    }
  }
}
