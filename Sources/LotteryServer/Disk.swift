import Dispatch
import Glibc
package import LotteryProtocol

/// How the files of a store reach the disk, as ``File`` does it. A test may put one in its place
/// that loses or fails. Reading is no part of it: what was written is read from the files.
package protocol Disk: Sendable {
  /// Runs closures one after the other, in their order.
  typealias Queue = @Sendable (_ work: @escaping @Sendable () -> Void) -> Void

  func queue(label: String) -> Queue
  func open(_ path: Path) throws(SystemError) -> File
  func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError)
  func synchronize(_ file: File) throws(SystemError)
  func dropCache(of file: File)
  func truncate(_ file: File, to size: Int) throws(SystemError)
}

/// The disk of this machine.
struct LocalDisk: Disk {
  func queue(label: String) -> Queue {
    let queue = DispatchQueue(label: label)
    return { work in queue.async(execute: work) }
  }

  func open(_ path: Path) throws(SystemError) -> File { try File(appending: path) }
  func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError) { try file.write(bytes) }
  func synchronize(_ file: File) throws(SystemError) { try file.synchronize() }
  func dropCache(of file: File) { file.dropCache() }
  func truncate(_ file: File, to size: Int) throws(SystemError) { try file.truncate(to: size) }
}

/// The directory of the server's files (`PROTOCOL.md`, What the server keeps), held by one server
/// at a time.
struct DataDirectory: Sendable {
  /// The path of the directory, to be shown.
  var path: String { name.description }
  private let name: Path
  private let isNew: Bool
  private let directory: File

  /// Opens the directory at `name` and takes its lock, and makes it if it is missing.
  init(path name: Path) throws(StorageError) {
    self.name = name
    let isFree: Bool
    do throws(SystemError) {
      isNew = try Self.make(name)
      directory = try File(directory: name)
      isFree = try onError(directory.close, directory.lock)
    } catch {
      throw .unreadable(path: name.description, error)
    }
    if isFree { return }
    directory.close()
    throw .inUse(path: path)
  }

  /// Makes the directory at `path`, and returns whether it was missing.
  private static func make(_ path: Path) throws(SystemError) -> Bool {
    do throws(SystemError) {
      try SystemError.check("mkdir") { mkdir(path.cString, 0o755) }
      return true
    } catch {
      if error.code == EEXIST { return false }
      throw error
    }
  }

  /// Returns when the names of the directory and of files just made in it are on the disk.
  ///
  /// An existing directory needs that too: the server that made it may have died before the sync.
  /// But its parent may be closed to this process or support no sync. Then no server made it.
  func synchronize() throws(StorageError) {
    do throws(SystemError) {
      do throws(SystemError) {
        let parent = try File(directory: name + "/..")
        defer { parent.close() }
        try parent.synchronizeAll()
      } catch {
        guard !isNew, [EACCES, EINVAL, EROFS].contains(error.code) else { throw error }
      }
      try directory.synchronizeAll()
    } catch {
      // To open the parent may fail, too.
      throw error.call == "fsync" ? .notSynced(path: path, error) : .unreadable(path: path, error)
    }
  }

  /// Releases the directory for another server.
  func close() {
    directory.unlock()
    directory.close()
  }
}
