import Foundation
import Glibc
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// System calls that fail while the store has bets: what was found in its files stays in them.
@Suite struct FailingDiskTests {
  let directory: TemporaryDirectory
  let bets: [UInt8]
  let finished = Array("1,20\r\n".utf8)

  init() throws {
    directory = TemporaryDirectory()
    bets = rows(try sampleBets(0..<20))
    try directory.write(bets + "1,torn".utf8, to: "bets.csv")
    try directory.write(finished + "2,".utf8, to: "finished.csv")
  }

  /// The store starts, with nothing lost.
  private func expectWhole() throws {
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    #expect(store.recovery.bets == 20)
    #expect(store.finishedAgencies == [1])
    #expect(try directory.read("bets.csv") == bets)
    #expect(try directory.read("finished.csv") == finished)
  }

  @Test(arguments: ["bets.csv", "finished.csv"])
  func `a sync that fails at the start changes nothing, however often`(name: String) throws {
    let path = directory.file(name)
    let before = try (directory.read("bets.csv"), directory.read("finished.csv"))
    for _ in 1...2 {
      FailingCalls.with(.fdatasync, on: path) {
        #expect(
          throws: StorageError.unreliable(path: path, SystemError("fdatasync", code: EIO))
        ) { try BetStore(directory: directory.path) }
      }
      #expect(try directory.read("bets.csv") == before.0)
      #expect(try directory.read("finished.csv") == before.1)
    }
    try expectWhole()
  }

  @Test func `a sync that fails later takes back what was appended and no more`() async throws {
    try directory.write(bets, to: "bets.csv")
    let path = directory.file("bets.csv")
    let journal = try Journal(path: path)
    defer { journal.close() }
    let failure = StorageError.unreliable(path: path, SystemError("fdatasync", code: EIO))
    await FailingCalls.with(.fdatasync, on: path) {
      #expect(await journal.append(Array("1,new".utf8)) == .unknown(failure))
    }
    #expect(try directory.read("bets.csv") == bets)
    #expect(await journal.append([1]) == .unknown(failure))
    #expect(throws: failure) { try journal.synchronize() }
    #expect(try directory.read("bets.csv") == bets)
  }

  @Test(arguments: ["bets.csv", "finished.csv"])
  func `a torn row that cannot be cut off stays, and so does all before it`(name: String) throws {
    let path = directory.file(name)
    let before = try directory.read(name)
    FailingCalls.with(.ftruncate, on: path) {
      #expect(
        throws: StorageError.unreliable(path: path, SystemError("ftruncate", code: EIO))
      ) { try BetStore(directory: directory.path) }
    }
    #expect(try directory.read(name) == before)
    try expectWhole()
  }

  /// 0 is a file that seems to end early.
  @Test(arguments: ["bets.csv", "finished.csv"], [EIO, 0])
  func `a read that fails is never taken for the file's end`(name: String, code: Int32) throws {
    let path = directory.file(name)
    let before = try (directory.read("bets.csv"), directory.read("finished.csv"))
    let failure = StorageError.unreadable(
      path: path, SystemError("pread", code: code == 0 ? ENODATA : code))
    var reads = 0
    while reads < 100 {
      let isStarted = FailingCalls.with(.pread, on: path, from: reads + 1, code: code) {
        do {
          try BetStore(directory: directory.path).close()
          return true
        } catch {
          #expect(error as? StorageError == failure)
          return false
        }
      }
      if isStarted { break }
      // The other file's torn row may have been cut off by then; no whole row ever is.
      #expect(try directory.read("bets.csv").starts(with: bets))
      #expect(try directory.read("finished.csv").starts(with: finished))
      if name == "bets.csv" { #expect(try directory.read("bets.csv") == before.0) }
      reads += 1
    }
    #expect((2..<100).contains(reads))
    try expectWhole()
  }

  @Test func `a directory that is made is used once its name is on the disk`() throws {
    let path = directory.path + "/new"
    let failure = StorageError.notSynced(path: path, SystemError("fsync", code: EIO))
    // The second time the directory is there, and its name still not on the disk.
    for _ in 1...2 {
      FailingCalls.with(.fsync, on: directory.path) {
        #expect(throws: failure) { try BetStore(directory: path) }
      }
    }
    try BetStore(directory: path).close()
  }

  @Test(arguments: [EINVAL, EROFS])
  func `a directory that was there may lie in one that knows no sync`(code: Int32) throws {
    let path = directory.path + "/new"
    FailingCalls.with(.fsync, on: directory.path, code: code) {
      #expect(throws: StorageError.notSynced(path: path, SystemError("fsync", code: code))) {
        try BetStore(directory: path)
      }
    }
    try FailingCalls.with(.fsync, on: directory.path, code: code) {
      try BetStore(directory: path).close()
    }
  }

  @Test func `one that knows no sync itself is not used, and the error says so`() throws {
    let path = directory.path
    let error = FailingCalls.with(.fsync, on: path, code: EINVAL) {
      #expect(throws: StorageError.self) { try BetStore(directory: path) }
    }
    #expect(
      error?.description == "\(path): cannot be synced, use a directory on another file system "
        + "or disk: fsync: Invalid argument")
  }

  @Test(arguments: ["bets.csv", "finished.csv"])
  func `two servers cannot use one file by way of two directories`(name: String) throws {
    let other = TemporaryDirectory()
    try #require(link(directory.file(name), other.file(name)) == 0)
    let store = try BetStore(directory: directory.path)
    #expect(throws: StorageError.inUse(path: other.file(name))) {
      try BetStore(directory: other.path)
    }
    store.close()
    unlink(directory.file(name))
  }

  @Test(arguments: ["bets.csv", "finished.csv"])
  func `a symbolic link is refused, whatever it leads to`(name: String) throws {
    let other = TemporaryDirectory()
    for target in [directory.file(name), directory.file("missing"), directory.path] {
      try #require(symlink(target, other.file(name)) == 0)
      #expect(throws: StorageError.notAFile(path: other.file(name))) {
        try BetStore(directory: other.path)
      }
      unlink(other.file(name))
    }
    #expect(!FileManager.default.fileExists(atPath: directory.file("missing")))
  }

  @Test func `anything but a regular file is refused`() throws {
    let path = directory.file("pipe")
    try #require(mkfifo(path, 0o600) == 0)
    for other in [path, "/dev/null"] {
      #expect(throws: StorageError.notAFile(path: other)) { try Journal(path: other) }
    }
  }

  @Test(arguments: [true, false])
  func `a file that something else removes or cuts off takes nothing more`(
    isRemoved: Bool
  ) async throws {
    let path = directory.file("bets.csv")
    let journal = try Journal(path: path)
    defer { journal.close() }
    #expect(await journal.append(Array("row\r\n".utf8)) == .stored)
    let size = journal.size
    if isRemoved { unlink(path) } else { truncate(path, 2) }
    for _ in 1...2 {
      let changed = StorageError.changed(path: path, position: isRemoved ? size : 2)
      #expect(await journal.append(Array("next\r\n".utf8)) == .unknown(changed))
    }
  }

  @Test func `a file that is cut off before a write fails is not made longer again`() async throws {
    let path = directory.file("bets.csv")
    let journal = try Journal(path: path)
    defer { journal.close() }
    #expect(await journal.append(Array("row\r\n".utf8)) == .stored)
    truncate(path, 2)
    let changed = StorageError.changed(path: path, position: 2)
    await FailingCalls.with(.write, on: path) {
      #expect(await journal.append(Array("next\r\n".utf8)) == .unknown(changed))
    }
    #expect(try directory.read("bets.csv") == Array(bets.prefix(2)))
    #expect(await journal.append(Array("next\r\n".utf8)) == .unknown(changed))
  }

  /// Cuts the file off while it is to be synced, which then fails.
  private struct CuttingDisk: Disk {
    private let disk = LocalDisk()

    func queue(label: String) -> Queue { disk.queue(label: label) }
    func open(_ path: Path) throws(SystemError) -> File { try disk.open(path) }
    func write(_ bytes: Span<UInt8>, to file: File) throws(SystemError) {
      try disk.write(bytes, to: file)
    }
    func synchronize(_ file: File) throws(SystemError) {
      try disk.truncate(file, to: 2)
      throw SystemError("fdatasync", code: EIO)
    }
    func dropCache(of file: File) { disk.dropCache(of: file) }
    func truncate(_ file: File, to size: Int) throws(SystemError) {
      try disk.truncate(file, to: size)
    }
  }

  @Test func `nor is one that is cut off before a sync fails`() async throws {
    let path = directory.file("bets.csv")
    let journal = try Journal(path: path, on: CuttingDisk())
    defer { journal.close() }
    let failure = StorageError.unreliable(path: path, SystemError("fdatasync", code: EIO))
    #expect(await journal.append(Array("row\r\n".utf8)) == .unknown(failure))
    #expect(try directory.read("bets.csv") == Array(bets.prefix(2)))
  }
}
