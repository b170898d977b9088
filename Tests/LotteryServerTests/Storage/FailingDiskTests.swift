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
    directory = try TemporaryDirectory()
    bets = rows(try sampleBets(1, 0..<20))
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

  @Test func `a sync that fails later takes back what was appended and no more`() throws {
    try directory.write(bets, to: "bets.csv")
    let path = directory.file("bets.csv")
    var file = try AppendOnlyFile(path: path)
    defer { file.close() }
    try file.append(Array("1,new".utf8))
    let failure = StorageError.unreliable(path: path, SystemError("fdatasync", code: EIO))
    FailingCalls.with(.fdatasync, on: path) {
      #expect(throws: failure) { try file.synchronize() }
    }
    #expect(try directory.read("bets.csv") == bets)
    #expect(throws: failure) { try file.append([1]) }
    #expect(throws: failure) { try file.synchronize() }
    #expect(try directory.read("bets.csv") == bets)
  }
}
