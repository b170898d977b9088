import Glibc
import LotteryProtocol

/// The directory of the server's files (`PROTOCOL.md`, What the server keeps), held by one server
/// at a time.
struct DataDirectory: Sendable {
  let path: String
  let bets: String
  let finished: String

  private let lock: File

  /// Opens the directory at `path` and takes its lock, and makes it if it is missing.
  ///
  /// - Throws: ``StorageError``, for example because another server holds the lock.
  init(path: String) throws(StorageError) {
    self.path = path
    bets = path + "/bets.csv"
    finished = path + "/finished.csv"
    let lock = try StorageError.reading(path) {
      () throws(SystemError) in
      let isNew = try Self.make(path)
      try Self.synchronizeParent(of: path, isNew: isNew)
      return try File(directory: path)
    }
    self.lock = lock
    do throws(StorageError) {
      let isFree = try StorageError.reading(path) {
        () throws(SystemError) in try lock.lock()
      }
      guard isFree else { throw .inUse(path: path) }
    } catch {
      lock.close()
      throw error
    }
  }

  /// Returns when the names of files just made are on the disk.
  func synchronize() throws(StorageError) {
    try StorageError.reading(path) { () throws(SystemError) in
      try lock.synchronizeAll()
    }
  }

  /// Releases the directory for another server.
  func close() {
    lock.unlock()
    lock.close()
  }

  /// Makes the directory at `path` if it is missing, and returns whether it was.
  private static func make(_ path: String) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try SystemError.check("mkdir") { mkdir(path, 0o755) }
      return true
    } catch {
      if error.code == EEXIST { return false }
      throw error
    }
  }

  /// Returns when the name of the directory at `path` is on the disk. This matters for an existing
  /// directory too: the server that made it may have died before the sync.
  ///
  /// The parent of an existing directory may be closed to this process or support no sync. Then no
  /// server made the directory, and there is nothing to sync.
  private static func synchronizeParent(of path: String, isNew: Bool) throws(SystemError) {
    do throws(SystemError) {
      try synchronize(path + "/..")
    } catch {
      guard !isNew, [EACCES, EINVAL, EROFS].contains(error.code) else { throw error }
    }
  }

  private static func synchronize(_ path: String) throws(SystemError) {
    let directory = try File(directory: path)
    defer { directory.close() }
    try directory.synchronizeAll()
  }
}
