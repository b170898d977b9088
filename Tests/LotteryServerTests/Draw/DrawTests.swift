import Foundation
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// The draw over a store.
@Suite(.timeLimit(.minutes(1))) struct DrawTests {
  let directory: TemporaryDirectory
  let store: BetStore
  let draw: Draw

  init() throws {
    directory = try TemporaryDirectory()
    store = try BetStore(directory: directory.path, durability: .process)
    draw = Draw(agencies: 2, store: store, log: .discarding) { Issue.record("no draw: \($0)") }
  }

  @Test(arguments: [(7573, false), (7574, true), (7575, false), (0, false), (UInt32.max, false)])
  func `one number wins`(number: UInt32, wins: Bool) throws {
    #expect(hasWon(try sampleBet(1, number: number)) == wins)
  }

  @Test func `each agency gets its own winners, in the order of their bets`() async throws {
    defer { store.close() }
    let bets = try [
      sampleBet(2, 9, number: 7574), sampleBet(1, 5, number: 7574), sampleBet(1, 4, number: 1),
      sampleBet(2, 3, number: 7574), sampleBet(1, 2, number: 7574), sampleBet(1, 5, number: 7574),
    ]
    try await store.storeBets(bets)
    draw.agencyFinished(1)
    draw.agencyFinished(2)
    #expect(await draw.winners(of: 1) == ["30000005", "30000002", "30000005"])
    #expect(await draw.winners(of: 2) == ["30000009", "30000003"])
  }

  @Test func `an agency without winners gets none`() async throws {
    defer { store.close() }
    try await store.storeBets(try [sampleBet(1, number: 7574), sampleBet(2, number: 1)])
    draw.agencyFinished(1)
    draw.agencyFinished(2)
    #expect(await draw.winners(of: 2) == [])
  }

  @Test func `it is not held before the last agency has finished`() async throws {
    defer { store.close() }
    #expect(!draw.isHeld)
    draw.agencyFinished(1)
    draw.agencyFinished(1)
    let waiting = Task { await draw.winners(of: 1) }
    waiting.cancel()
    #expect(await waiting.value == nil)
    #expect(!draw.isHeld)
    draw.agencyFinished(2)
    _ = await draw.winners(of: 1)
    #expect(draw.isHeld)
  }

  @Test func `bets that cannot be read are reported, and nothing is drawn`() async throws {
    defer { store.close() }
    let failure = Latch<StorageError>()
    let draw = Draw(agencies: 1, store: store, log: .discarding) { failure.open($0) }
    try FileManager.default.removeItem(atPath: directory.file("bets.csv"))
    draw.agencyFinished(1)
    #expect(
      await failure.wait()
        == .unreadable(
          path: directory.file("bets.csv"), SystemError("open", code: ENOENT)))
    #expect(!draw.isHeld)
  }
}
