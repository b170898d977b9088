import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// A disk that fails, and other things in the place of the files. The simulation and the sweeps of
/// `checks/faults` go through more of them, and through what follows.
@Suite struct DiskTests {
  private let directory: TemporaryDirectory
  private let bets: [UInt8]
  private let finished = "1,20\r\n"

  init() throws {
    bets = rows(try sampleBets(0..<20))
    directory = try TemporaryDirectory(bets: bets + "1,torn".utf8, finished: finished + "2,")
  }

  /// Why a store over the directory at `path` does not start, or nil if it does.
  private static func failure(of path: String) -> StorageError? {
    do {
      try BetStore(directory: Path(path)).close()
      return nil
    } catch {
      return error as? StorageError
    }
  }

  @Test(
    arguments: ["bets.csv", "finished.csv"],
    [(.fdatasync, EIO), (.ftruncate, EIO), (.pread, EIO), (.pread, 0)]
      as [(FailingCalls.Call, Int32)])
  func `a start at which a call fails takes no whole row from the files`(
    name: String, fault: (call: FailingCalls.Call, code: Int32)
  ) async throws {
    let (path, before) = (directory.file(name), try directory.read(name))
    let error = SystemError("\(fault.call)", code: fault.code == 0 ? ENODATA : fault.code)
    let expected: StorageError =
      fault.call == .pread
      ? .unreadable(path: path, error) : .unreliable(path: path, error)
    var failures = 0
    while failures < 100 {
      let failure = await FailingCalls.with(
        [fault.call], on: path, from: failures + 1, code: fault.code
      ) {
        Self.failure(of: directory.path)
      }
      guard let failure else { break }
      #expect(failure == expected)
      #expect(try directory.read(name) == before)
      // The torn row of the other file may have been cut off by then.
      #expect(try directory.read("bets.csv").starts(with: bets))
      #expect(try directory.read("finished.csv").starts(with: finished.utf8))
      failures += 1
    }
    #expect((1..<100).contains(failures))
    let store = try BetStore(directory)
    defer { store.close() }
    #expect(store.recovery.bets == 20)
    #expect(store.finishedAgencies == [1])
    #expect(try directory.files == [bets, Array(finished.utf8)])
  }

  @Test(
    arguments: [[.write], [.write, .ftruncate], [.write, .fdatasync], [.fdatasync]]
      as [[FailingCalls.Call]])
  func `an append that fails is taken back, or the journal takes nothing more`(
    calls: [FailingCalls.Call]
  ) async throws {
    let directory = TemporaryDirectory()
    let path = directory.file("bets.csv")
    let failure = Promise<StorageError>()
    let journal = try Journal(path: path) { failure.fulfill($0) }
    defer { journal.close() }
    let row = Array("row\r\n".utf8)
    #expect(await journal.append(row) == nil)
    let outcome = await FailingCalls.with(calls, on: path) {
      await journal.append([UInt8](repeating: 1, count: 5000))
    }
    if calls == [.write] {
      #expect(outcome == .notWritten(path: path, SystemError("write", code: EIO)))
      #expect(await journal.append(row) == nil)
      #expect(failure.value == nil)
      #expect(try directory.read("bets.csv") == row + row)
    } else {
      let error = SystemError("\(try #require(calls.last))", code: EIO)
      let unreliable = StorageError.unreliable(path: path, error)
      #expect(outcome == unreliable)
      #expect(failure.value == unreliable)
      #expect(await journal.append(row) == unreliable)
      #expect(throws: unreliable) { try journal.synchronize() }
      if !calls.contains(.ftruncate) { #expect(try directory.read("bets.csv") == row) }
    }
  }

  /// What something else does to the file, and where the journal finds that it is not its own.
  @Test(
    arguments: [(true, [], 5), (false, [], 2), (false, [.write], 2)]
      as [(Bool, [FailingCalls.Call], Int)])
  func `a file that something else removes or cuts off takes nothing more`(
    isRemoved: Bool, calls: [FailingCalls.Call], position: Int
  ) async throws {
    let directory = TemporaryDirectory()
    let path = directory.file("bets.csv")
    let journal = try Journal(path: path)
    defer { journal.close() }
    #expect(await journal.append(Array("row\r\n".utf8)) == nil)
    if isRemoved { unlink(path) } else { truncate(path, 2) }
    let changed = StorageError.changed(path: path, position: position)
    await FailingCalls.with(calls, on: path) { #expect(await journal.append([1]) == changed) }
    #expect(await journal.append([1]) == changed)
    // It is not made longer again.
    if calls == [.write] { #expect(try directory.read("bets.csv") == Array("ro".utf8)) }
  }

  @Test func `a directory is used once its name is on the disk`() async throws {
    func start(_ path: String, code: Int32, in parent: String) async -> StorageError? {
      await FailingCalls.with([.fsync], on: parent, code: code) { Self.failure(of: path) }
    }
    for (code, mayBeOld) in [(EIO, false), (EINVAL, true), (EROFS, true)] {
      let path = directory.file("new \(code)")
      let failure = StorageError.notSynced(path: path, SystemError("fsync", code: code))
      #expect(await start(path, code: code, in: directory.path) == failure)
      // The second time it is there. If its parent knows no sync, no server has made it.
      let second = await start(path, code: code, in: directory.path)
      #expect(second == (mayBeOld ? nil : failure))
    }
    let path = directory.path
    #expect(
      await start(path, code: EINVAL, in: path)?.description
        == "\(path): cannot be synced, use a directory on another file system or disk: fsync: "
        + "Invalid argument")
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
