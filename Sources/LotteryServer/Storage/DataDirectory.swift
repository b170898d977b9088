import Glibc
import LotteryCore
import LotteryProtocol

/// The directory where the server keeps its files (`PROTOCOL.md`, What the server keeps), held by
/// one server at a time.
struct DataDirectory: Sendable {
  let path: String
  let bets: String
  let finished: String

  private let lock: File

  /// Opens the directory at `path`, and makes it where it is missing.
  ///
  /// - Throws: ``StorageError``, for example because another server holds it.
  init(path: String) throws(StorageError) {
    self.path = path
    bets = path + "/bets.csv"
    finished = path + "/finished.csv"
    lock = try Self.reporting(path) { () throws(SystemError) in
      let isNew = try Self.make(path)
      try Self.synchronizeParent(of: path, isNew: isNew)
      return try File(directory: path)
    }
    let isFree: Bool
    do throws(StorageError) {
      isFree = try Self.reporting(path) { () throws(SystemError) in try lock.lock() }
    } catch {
      lock.close()
      throw error
    }
    guard isFree else {
      lock.close()
      throw .inUse(path: path)
    }
  }

  /// Returns when the names of files just made are on the disk, also where one of the two is a
  /// symbolic link to a file elsewhere.
  func synchronize() throws(StorageError) {
    try Self.reporting(path) { () throws(SystemError) in try lock.synchronizeAll() }
    for file in [bets, finished] {
      try Self.reporting(file) { () throws(SystemError) in
        guard let target = try File.linkTarget(file) else { return }
        let end = target.lastIndex(of: "/") ?? target.startIndex
        try Self.synchronize("\(target[...end]).")
      }
    }
  }

  /// Lets another server have the directory.
  func close() {
    lock.unlock()
    lock.close()
  }

  /// Makes the directory at `path`, and returns whether it was missing.
  private static func make(_ path: String) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try SystemError.check("mkdir") { mkdir(path, 0o755) }
      return true
    } catch {
      if error.code == EEXIST { return false }
      throw error
    }
  }

  /// Returns when the name of the directory at `path` is on the disk: also that of one that was
  /// there, because the server that made it may have died before it was.
  ///
  /// A directory that was there may lie where this process may not look, or be mounted on one that
  /// knows no sync; then no server made it.
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

  private static func reporting<Value>(
    _ path: String, _ body: () throws(SystemError) -> Value
  ) throws(StorageError) -> Value {
    do throws(SystemError) {
      return try body()
    } catch {
      throw .unreadable(path: path, error)
    }
  }
}
