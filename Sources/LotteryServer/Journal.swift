// A file that only grows, by whole rows, for many workers at once and one sync a group: the lock
// around the course's `store_bets`.
//
// Group commit. A sync takes as long for one row as for a thousand. While one group of rows is on
// its way to the disk, the rows of all other callers gather in memory. When the disk has answered,
// they become the next group: one write, one sync, and then every caller of the group is resumed
// with its outcome. The more callers there are, the larger the groups become, and no caller waits
// for more than two syncs.
//
// A caller is suspended until its rows are safe, and holds no thread. The disk is waited for on a
// queue of its own. The lock of the gathered rows is held only to move bytes from one array to
// another, never during a write or a sync. Each append lies in the file unbroken, because a group
// is written in the order in which its callers took the lock.
//
// Failures. Of the file's bytes, the first `safeSize` were found at the start or have been synced
// since, and the first `size` are whole writes: as many as the file has between two groups, unless
// something else has changed it.
//
//   a write fails      the part of the group that was written is cut off, and the cut is synced:
//                      all or nothing, also after a loss of power. The callers may append again
//   a sync fails       the kernel may have dropped the bytes and report success the next time
//                      (fsync(2)), so a later success proves nothing. The next start must not find
//                      in the kernel's memory what is not on the disk: what follows `safeSize` is
//                      cut off, and the rest is dropped from the cache
//   it cannot be cut   it is not known what the disk holds, and neither if something else has
//   off for good       removed the file or changed its size
//
// After all but the first, the journal takes nothing more, and the server ends. The next start
// tells what is stored.

import Glibc
package import LotteryProtocol
import Synchronization

/// A file of rows to which many workers append at once.
final class Journal: Sendable {
  private typealias Waiter = UnsafeContinuation<StorageError?, Never>

  /// The next group.
  private struct Group {
    /// Small rows are joined, large ones stay where they are.
    var rows: [[UInt8]] = []
    /// Each is resumed exactly once.
    var waiters: [Waiter] = []
    /// Whether ``Journal/flush()`` is scheduled or runs. It runs once at a time.
    var isFlushing = false
    var syncTimes = SyncTimes()
  }

  private struct Contents {
    /// Bytes that are known to be good.
    var size: Int
    /// Bytes that a failed sync does not take back. At most ``size``.
    var safeSize: Int
    /// Why nothing may be appended any more. Never becomes nil again.
    var failure: StorageError?
  }

  /// The path of the file, to be shown.
  let path: String
  private let disk: any Disk
  private let file: File
  private let queue: Disk.Queue
  private let onFailure: @Sendable (StorageError) -> Void
  private let group = Mutex(Group())
  /// Locked by the one flush that runs, at the start, and to close the file.
  private let contents: Mutex<Contents>

  /// Opens the file at `path` and takes its lock, and makes it if it is missing. The data
  /// directories of two servers may hold hard links to the same file.
  ///
  /// - Parameter onFailure: is called when the file can no longer be relied upon.
  init(
    path name: Path, on disk: any Disk = LocalDisk(),
    onFailure: @escaping @Sendable (StorageError) -> Void = { _ in }
  ) throws(StorageError) {
    path = name.description
    do throws(SystemError) {
      file = try disk.open(name)
    } catch {
      throw error.code == ELOOP ? .notAFile(path: path) : .unreadable(path: path, error)
    }
    let size = try onError(file.close) { [file, path] () throws(StorageError) in
      try Self.lock(file, path)
    }
    contents = Mutex(Contents(size: size, safeSize: size))
    self.disk = disk
    self.onFailure = onFailure
    queue = disk.queue(label: "commit \(path)")
  }

  /// Takes the lock on `file`, and returns its size.
  private static func lock(_ file: File, _ path: String) throws(StorageError) -> Int {
    let (status, isFree): (File.Status, Bool)
    do throws(SystemError) {
      (status, isFree) = (try file.status(), try file.lock())
    } catch {
      throw .unreadable(path: path, error)
    }
    guard status.isRegular else { throw .notAFile(path: path) }
    guard isFree else { throw .inUse(path: path) }
    return status.size
  }

  /// Closes the file. Every append must have returned, and nothing may be appended or read
  /// afterwards.
  func close() {
    contents.withLock { _ in
      // A process that was just forked may still have the descriptor.
      file.unlock()
      file.close()
    }
  }
}

/// Appending.
extension Journal {
  /// Appends `rows`, which end in a line end, and returns nil when they are on the disk.
  ///
  /// - Returns: why they are not, if so. After ``StorageError/notWritten(path:_:)`` none of them is
  ///   stored, and they may be appended again. After any other error the disk can no longer be
  ///   relied upon: the next start tells whether they are stored.
  func append(_ rows: [UInt8]) async -> StorageError? {
    await withUnsafeContinuation { waiter in
      let mustStart = group.withLock { group in
        if let last = group.rows.last, last.count + rows.count <= Self.joinedSize {
          group.rows[group.rows.count - 1] += rows
        } else {
          group.rows.append(rows)
        }
        group.waiters.append(waiter)
        defer { group.isFlushing = true }
        return !group.isFlushing
      }
      if mustStart { queue { self.flush() } }
    }
  }

  /// The most bytes up to which rows are joined: to copy them costs less than a write(2) more.
  private static let joinedSize = 32 * 1024

  var syncTimes: SyncTimes { group.withLock { $0.syncTimes } }

  private func flush() {
    while let (rows, waiters) = takeGroup() {
      // A caller that is resumed may use the memory of its rows again.
      let error = commit(consume rows)
      for waiter in waiters { waiter.resume(returning: error) }
    }
  }

  private func takeGroup() -> ([[UInt8]], [Waiter])? {
    group.withLock { group in
      guard !group.waiters.isEmpty else {
        group.isFlushing = false
        return nil
      }
      defer {
        group.rows = []
        group.waiters = []
      }
      return (group.rows, group.waiters)
    }
  }

  private func commit(_ rows: consuming [[UInt8]]) -> StorageError? {
    let error = contents.withLock { contents -> StorageError? in
      do throws(StorageError) {
        try write(rows, to: &contents)
        let start = ContinuousClock.now
        try synchronize(&contents)
        let duration = start.duration(to: .now)
        group.withLock { $0.syncTimes.add(duration) }
        return nil
      } catch {
        return error
      }
    }
    guard let error else { return nil }
    if case .notWritten = error { return error }
    onFailure(error)
    return error
  }

  /// Writes all of `rows`, or nothing.
  private func write(_ rows: [[UInt8]], to contents: inout Contents) throws(StorageError) {
    if let failure = contents.failure { throw failure }
    let status: File.Status
    do throws(SystemError) {
      for part in rows { try disk.write(part.span, to: file) }
      status = try file.status()
    } catch {
      try takeBack(&contents)
      // The kernel may have written some rows: none may come back after a loss of power.
      try synchronize(&contents)
      throw .notWritten(path: path, error)
    }
    let end = contents.size
    contents.size += rows.reduce(0) { $0 + $1.count }
    if status.size != contents.size || status.names == 0 {
      let position = end - max(0, contents.size - status.size)
      throw giveUp(&contents, .changed(path: path, position: max(0, position)))
    }
  }

  /// Returns when all that was written is on the disk.
  private func synchronize(_ contents: inout Contents) throws(StorageError) {
    if let failure = contents.failure { throw failure }
    do throws(SystemError) {
      try disk.synchronize(file)
      contents.safeSize = contents.size
    } catch {
      if contents.safeSize < contents.size {
        contents.size = contents.safeSize
        try? takeBack(&contents)
      }
      disk.dropCache(of: file)
      throw giveUp(&contents, .unreliable(path: path, error))
    }
  }

  /// Cuts the file off after `size` bytes.
  ///
  /// Does not lengthen a file that is shorter by now: NUL bytes would fill the gap.
  private func takeBack(_ contents: inout Contents) throws(StorageError) {
    let found: Int
    do throws(SystemError) {
      found = try file.size()
      if found > contents.size { try disk.truncate(file, to: contents.size) }
    } catch {
      throw giveUp(&contents, .unreliable(path: path, error))
    }
    if found < contents.size { throw giveUp(&contents, .changed(path: path, position: found)) }
  }

  /// Notes why nothing may be appended any more, and returns it.
  private func giveUp(_ contents: inout Contents, _ failure: StorageError) -> StorageError {
    contents.failure = failure
    return failure
  }
}

/// Reading, and the start.
extension Journal {
  /// Bytes of whole writes, and at the start of all that was found.
  var size: Int { contents.withLock { $0.size } }

  var rows: CSVFile { CSVFile(readingFirst: size, of: file, lastRow: .torn) }

  func read(_ range: Range<Int>) throws(StorageError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: range.count)
    guard try read(range, into: &bytes) == range.count else {
      throw .unreadable(path: path, .endsEarly)
    }
    return bytes
  }

  /// Reads the bytes at `range` to the front of `bytes`, which must have room for them.
  ///
  /// - Returns: how many there are; fewer only if the file ends before.
  func read(_ range: Range<Int>, into bytes: inout [UInt8]) throws(StorageError) -> Int {
    do throws(SystemError) { return try file.read(range, into: &bytes) } catch {
      throw .unreadable(path: path, error)
    }
  }

  /// The error to throw if the bytes at `position` are not those that were stored.
  func changed(at position: Int) -> StorageError { .changed(path: path, position: position) }

  /// Returns when what was found is on the disk. After a crash it may be in the kernel's memory
  /// only.
  func synchronize() throws(StorageError) {
    try contents.withLock { contents throws(StorageError) in try synchronize(&contents) }
  }

  /// Cuts off the rest after the whole rows.
  ///
  /// Nothing else removes bytes that were found at the start. So this reads the rest again.
  func cut(_ rest: TornRest) throws {
    let end = rest.start + rest.beginning.count
    guard rest.start + rest.count == size, try read(rest.start..<end) == rest.beginning,
      try end == size || read(end..<(end + 1)) == [0]
    else {
      // The disk returns other bytes than it returned before.
      throw StorageError.unreadable(path: path, SystemError("pread", code: EIO))
    }
    try contents.withLock { contents throws(StorageError) in
      (contents.size, contents.safeSize) = (rest.start, rest.start)
      try takeBack(&contents)
    }
  }
}

/// Why a file or the directory cannot be used.
package enum StorageError: Error, Hashable, Sendable {
  /// The disk refused: full, broken, over a limit. Nothing of what was to be written is stored.
  case notWritten(path: String, SystemError)
  /// The disk failed so that it is not known what is stored.
  case unreliable(path: String, SystemError)
  /// Another server holds the data directory.
  case inUse(path: String)
  case unreadable(path: String, SystemError)
  /// The directory cannot be synced, so the names of its files may not survive a loss of power.
  case notSynced(path: String, SystemError)
  /// The file holds something that this server did not write.
  case damaged(path: String, line: Int, reason: String)
  /// In place of the file there is a symbolic link, a directory, a pipe or a device.
  case notAFile(path: String)
  /// Something else has changed the file, from the byte at `position` on.
  case changed(path: String, position: Int)
}

extension StorageError: CustomStringConvertible {
  /// One line that the operator can act on.
  package var description: String {
    switch self {
    case .notWritten(let path, let error): "\(path): not stored: \(error)"
    case .unreliable(let path, let error):
      "\(path): the disk failed, restart the server to read the file again: \(error)"
    case .unreadable(let path, let error): "\(path): cannot be read: \(error)"
    case .notSynced(let path, let error):
      "\(path): cannot be synced, use a directory on another file system or disk: \(error)"
    case .inUse(let path): "\(path): another server is using this directory"
    case .notAFile(let path): "\(path): not a regular file"
    case .damaged(let path, let line, let reason): "\(path):\(line): \(reason)"
    case .changed(let path, let position):
      "\(path): changed by something else while the server ran, at byte \(position)"
    }
  }
}
