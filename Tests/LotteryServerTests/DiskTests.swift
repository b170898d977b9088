import Foundation
import LotteryProtocol
import Synchronization
import TestSupport
import Testing

@testable import LotteryServer

/// Calls that fail, other things in the place of the files, and directories that cannot be synced.
/// What follows from failed calls is played by the simulation and the sweeps of `checks/faults`.
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

  /// Which calls fail, all calls, what has become of the second and the third of three appends, and
  /// what the file holds in the end.
  @Test(
    arguments: [
      ([], "write fdatasync write fdatasync write fdatasync", [.stored, .stored], "1\n2\n3\n"),
      (
        [2], "write fdatasync write ftruncate fdatasync write fdatasync", [.refused, .stored],
        "1\n3\n"
      ),
      ([2, 3], "write fdatasync write ftruncate", [.unknown, .unknown], "1\n2"),
      ([2, 4], "write fdatasync write ftruncate fdatasync drop", [.unknown, .unknown], "1\n"),
      ([3], "write fdatasync write fdatasync ftruncate drop", [.unknown, .unknown], "1\n"),
      ([3, 4], "write fdatasync write fdatasync ftruncate drop", [.unknown, .unknown], "1\n2\n"),
    ] as [(Set<Int>, String, [Outcome], String)])
  func `an append is synced, or it is taken back, or the journal takes nothing more`(
    faults: Set<Int>, calls: String, outcomes: [Outcome], left: String
  ) async throws {
    let disk = FaultyDisk(failing: faults)
    let failure = Promise<StorageError>()
    let journal = try Journal(path: Path(directory.file("bets.csv")), on: disk) {
      failure.fulfill($0)
    }
    defer { journal.close() }
    #expect(await journal.append(Array("1\n".utf8)) == nil)
    let errors = [
      await journal.append(Array("2\n".utf8)), await journal.append(Array("3\n".utf8)),
    ]
    #expect(errors.map(Outcome.init) == outcomes)
    #expect(disk.calls == calls)
    #expect((failure.value != nil) == outcomes.contains(.unknown))
    #expect(try directory.read("bets.csv") == Array(left.utf8))
  }

  enum Outcome {
    case stored, refused, unknown

    init(_ error: StorageError?) {
      switch error {
      case nil: self = .stored
      case .notWritten: self = .refused
      default: self = .unknown
      }
    }
  }

  @Test func `a write that fails does not make a file longer that something else has cut`()
    async throws
  {
    let path = try directory.path(of: "bets.csv", holding: "row\r\n")
    let disk = FaultyDisk(failing: [0])
    let journal = try Journal(path: Path(path), on: disk)
    defer { journal.close() }
    truncate(path, 2)
    #expect(await journal.append([1, 2]) == .changed(path: path, position: 3))
    #expect(disk.calls == "write")
    #expect(try directory.read("bets.csv") == Array("ro\u{1}".utf8))
  }

  @Test(
    arguments: [
      ([], "fdatasync fdatasync ftruncate ftruncate"), ([0], "fdatasync drop"),
      ([1], "fdatasync fdatasync drop"), ([2], "fdatasync fdatasync ftruncate"),
    ] as [(Set<Int>, String)])
  func `a start syncs both files before it cuts anything off, and no whole row`(
    faults: Set<Int>, calls: String
  ) throws {
    let rows = rows(try sampleBets(0..<20))
    let torn = rows + Array("1,torn".utf8)
    let directory = try TemporaryDirectory(bets: torn, finished: "1,20\r\n2,")
    let disk = FaultyDisk(failing: faults)
    let store = try? BetStore(directory: Path(directory.path), disk: disk)
    store?.close()
    #expect((store == nil) == !faults.isEmpty)
    #expect(disk.calls == calls)
    let finished = Array("1,20\r\n".utf8)
    #expect(
      try directory.files
        == (faults.isEmpty ? [rows, finished] : [torn, finished + Array("2,".utf8)]))
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
