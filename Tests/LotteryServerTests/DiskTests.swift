import Foundation
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// Other things in the place of the files, and directories that cannot be synced. Files that fail
/// are played by the simulation and the sweeps of `checks/faults`.
@Suite struct DiskTests {
  private let directory = TemporaryDirectory()

  /// What something else does to the file, and where the journal finds that it is not its own.
  @Test(arguments: [(true, 5), (false, 2)])
  func `a file that something else removes or cuts off takes nothing more`(
    isRemoved: Bool, position: Int
  ) async throws {
    let path = directory.file("bets.csv")
    let failure = Promise<StorageError>()
    let journal = try Journal(path: Path(path)) { failure.fulfill($0) }
    defer { journal.close() }
    #expect(await journal.append(Array("row\r\n".utf8)) == nil)
    if isRemoved { unlink(path) } else { truncate(path, 2) }
    let changed = StorageError.changed(path: path, position: position)
    for _ in 0..<2 { #expect(await journal.append([1]) == changed) }
    #expect(failure.value == changed)
    #expect(throws: changed) { try journal.synchronize() }
  }

  @Test(arguments: [false, true])
  func `a write that fails is taken back for good, but the file made no longer`(
    isCut: Bool
  ) async throws {
    let path = try directory.path(of: "bets.csv", holding: "row\r\n")
    let disk = FullDisk()
    let journal = try Journal(path: Path(path), on: disk)
    defer { journal.close() }
    if isCut { truncate(path, 2) }
    let error = await journal.append([1, 2])
    #expect(
      error == (isCut ? .changed(path: path, position: 3) : .notWritten(path: path, disk.error)))
    #expect(disk.calls.withLock { $0 } == (isCut ? [] : ["ftruncate", "fdatasync"]))
    #expect(try directory.read("bets.csv") == Array((isCut ? "ro\u{1}" : "row\r\n").utf8))
  }

  @Test func `a directory is used once its name is on the disk`() throws {
    /// Why a store over the directory at `path` does not start; nil if it does.
    func failure(of path: String, code: Int32) throws -> StorageError? {
      failingSync.withLock { $0 = (directory.path, code) }
      defer { failingSync.withLock { $0 = nil } }
      do {
        try BetStore(directory: Path(path)).close()
        return nil
      } catch let error as StorageError {
        return error
      }
    }
    for (code, mayBeOld) in [(EIO, false), (EINVAL, true), (EROFS, true)] {
      let path = directory.file("new \(code)")
      let error = StorageError.notSynced(path: path, SystemError("fsync", code: code))
      #expect(try failure(of: path, code: code) == error)
      // The second time it is there. If its parent knows no sync, no server has made it.
      #expect(try failure(of: path, code: code) == (mayBeOld ? nil : error))
    }
    #expect(
      try failure(of: directory.path, code: EINVAL)?.description
        == "\(directory.path): cannot be synced, use a directory on another file system or disk: "
        + "fsync: Invalid argument")
  }

  @Test(arguments: ["bets.csv", "finished.csv"])
  func `what another server uses, and anything but a regular file, is refused`(
    name: String
  ) throws {
    let other = TemporaryDirectory()
    let path = other.file(name)
    func expectRefused(_ error: StorageError) {
      #expect(throws: error) { try BetStore(other) }
      unlink(path)
    }
    let store = try BetStore(directory)
    #expect(throws: StorageError.inUse(path: directory.path)) { try BetStore(directory) }
    try #require(link(directory.file(name), path) == 0)
    expectRefused(.inUse(path: path))
    store.close()
    for target in [directory.file(name), directory.file("missing"), directory.path] {
      try #require(symlink(target, path) == 0)
      expectRefused(.notAFile(path: path))
    }
    #expect(!FileManager.default.fileExists(atPath: directory.file("missing")))
    try #require(mkfifo(path, 0o600) == 0)
    expectRefused(.notAFile(path: path))
    #expect(
      throws: StorageError.unreadable(
        path: directory.file(name), SystemError("open", code: ENOTDIR))
    ) { try BetStore(directory: Path(directory.file(name))) }
    try BetStore(directory).close()
  }
}

/// A disk on which half of what is written has room.
private final class FullDisk: Disk {
  let error = SystemError("write", code: ENOSPC)
  /// What was asked after that.
  let calls = Mutex<[String]>([])
  private let disk = LocalDisk()

  func queue(label: String) -> Queue { disk.queue(label: label) }
  func open(_ path: Path) throws(SystemError) -> File { try disk.open(path) }
  func dropCache(of file: File) {}

  func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError) {
    try disk.write(bytes.extracting(first: bytes.count / 2), to: file)
    throw error
  }

  func truncate(_ file: File, to size: Int) throws(SystemError) {
    calls.withLock { $0.append("ftruncate") }
    try disk.truncate(file, to: size)
  }

  func synchronize(_ file: File) throws(SystemError) {
    calls.withLock { $0.append("fdatasync") }
    try disk.synchronize(file)
  }
}

/// The directory whose sync fails, and its error.
private let failingSync = Mutex<(path: String, code: Int32)?>(nil)

/// Takes the place of the C library's function in the tests' executable.
@c(fsync) func syncOrFail(_ descriptor: Int32) -> Int32 {
  let code = failingSync.withLock { failing -> Int32? in
    guard let failing else { return nil }
    let path = try? FileManager.default.destinationOfSymbolicLink(
      atPath: "/proc/self/fd/\(descriptor)")
    return path == failing.path ? failing.code : nil
  }
  guard let code else { return fdatasync(descriptor) }
  errno = code
  return -1
}
