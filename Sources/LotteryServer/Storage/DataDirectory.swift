import Glibc
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
      do throws(SystemError) {
        try SystemError.check("mkdir") { mkdir(path, 0o755) }
      } catch  where error.code == EEXIST {}
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

  /// Returns when the names of files just made are on the disk.
  func synchronize() throws(StorageError) {
    try Self.reporting(path) { () throws(SystemError) in try lock.synchronizeAll() }
  }

  /// Lets another server have the directory.
  func close() {
    lock.unlock()
    lock.close()
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
