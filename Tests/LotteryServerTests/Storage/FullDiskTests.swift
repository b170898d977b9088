import Foundation
import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Writes that fail. The limit on file sizes stands in for a full disk; it is the process's, so
/// each test has a process of its own.
@Suite struct FullDiskTests {
  /// Lets no file of this process grow over `bytes`: a write that would is cut short, the next
  /// one fails.
  static func limitFiles(to bytes: Int) {
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: rlim_t(bytes), rlim_max: .max)
    #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
  }

  @Test func `a write that fails half way is taken back`() async {
    await #expect(processExitsWith: .success) {
      let directory = TemporaryDirectory()
      let path = directory.file("bets.csv")
      let journal = try Journal(path: path) { Issue.record("unreliable: \($0)") }
      defer { journal.close() }
      #expect(await journal.append(Array("first\r\n".utf8)) == .stored)
      FullDiskTests.limitFiles(to: 4096)
      let refused = StorageError.notWritten(path: path, SystemError("write", code: EFBIG))
      #expect(await journal.append([UInt8](repeating: 1, count: 5000)) == .notWritten(refused))
      #expect(journal.size == 7)
      #expect(try directory.read("bets.csv") == Array("first\r\n".utf8))
      #expect(await journal.append(Array("second\r\n".utf8)) == .stored)
      #expect(try directory.read("bets.csv") == Array("first\r\nsecond\r\n".utf8))
    }
  }

  @Test func `bets that do not fit are not stored, and fewer may`() async {
    await #expect(processExitsWith: .success) {
      let directory = TemporaryDirectory()
      let store = try BetStore(directory: directory.path) { Issue.record("unreliable: \($0)") }
      defer { store.close() }
      let claim = Claim(agency: 1) {}
      _ = await store.take(claim)
      FullDiskTests.limitFiles(to: 4096)
      let few = try sampleBets(0..<3)
      await #expect(throws: StorageError.self) {
        try await store.store(try sampleBets(0..<200), by: claim)
      }
      try await store.store(few, by: claim)
      #expect(try store.bets() == few)
      await store.expectStanding(of: 1, stored: 3, last: few[2])
    }
  }

  /// A cut that is not synced may be undone by a loss of power.
  @Test func `a disk on which nothing can be taken back for good is not relied upon`() async {
    await #expect(processExitsWith: .success) {
      FullDiskTests.limitFiles(to: 4096)
      for (call, name) in [(FailingCalls.Call.ftruncate, "ftruncate"), (.fdatasync, "fdatasync")] {
        let directory = TemporaryDirectory()
        let path = directory.file("bets.csv")
        let failure = Promise<StorageError>()
        let journal = try Journal(path: path) { failure.fulfill($0) }
        defer { journal.close() }
        let unreliable = StorageError.unreliable(path: path, SystemError(name, code: EIO))
        await FailingCalls.with(call, on: path) {
          let rows = [UInt8](repeating: 1, count: 5000)
          #expect(await journal.append(rows) == .unknown(unreliable))
        }
        #expect(failure.value == unreliable)
      }
    }
  }

  @Test func `a sync that fails is not relied upon`() async throws {
    let directory = TemporaryDirectory()
    let path = directory.file("bets.csv")
    let failure = Promise<StorageError>()
    let journal = try Journal(path: path) { failure.fulfill($0) }
    defer { journal.close() }
    let unreliable = StorageError.unreliable(path: path, SystemError("fdatasync", code: EIO))
    await FailingCalls.with(.fdatasync, on: path) {
      #expect(await journal.append([1]) == .unknown(unreliable))
    }
    #expect(failure.value == unreliable)
  }
}
