import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What the store keeps, and which connection may store.
@Suite struct BetStoreTests {
  let directory: TemporaryDirectory
  let store: BetStore

  init() throws {
    directory = TemporaryDirectory()
    store = try BetStore(directory: directory.path)
  }

  @Test func `bets are loaded in the order in which they were stored`() async throws {
    defer { store.close() }
    let bets = try storedBets(2, 0..<3) + storedBets(1, 0..<2) + storedBets(2, 3..<4)
    try await store.storeBets(Array(bets[..<4]))
    try await store.storeBets(Array(bets[4...]))
    #expect(try store.allBets() == bets)
  }

  @Test func `an empty store has no bets`() throws {
    defer { store.close() }
    #expect(try store.allBets().isEmpty)
    #expect(store.finishedAgencies.isEmpty)
  }

  @Test func `more bets than a reader's chunk are loaded one after the other`() async throws {
    defer { store.close() }
    let bets = try sampleBets(0..<10_000)
    try await store.storeBets(bets)
    try #require(rows(bets).count > 2 * CSVFile.chunkSize)
    #expect(try store.bets() == bets)
  }

  @Test func `a claim is told how far its agency is`() async throws {
    defer { store.close() }
    let first = Claim(agency: 1) {}
    #expect(
      await store.take(first)?.standing == Standing(stored: 0, lastBet: nil, hasFinished: false))
    let bets = try sampleBets(0..<3)
    try await store.store(bets, by: first)
    #expect(try await store.finish(total: 3, by: first) == .stored)
    await store.expectStanding(of: 1, stored: 3, last: bets[2], hasFinished: true)
    #expect(store.finishedAgencies == [1])
  }

  @Test func `a newer claim takes over from an older one`() async throws {
    defer { store.close() }
    let isLost = Promise<Void>()
    let older = Claim(agency: 1) { isLost.fulfill(()) }
    let newer = Claim(agency: 1) { Issue.record("no claim took over from this one") }
    _ = await store.take(older)
    _ = await store.take(newer)
    #expect(isLost.value != nil)
    let bets = try sampleBets(0..<1)
    await #expect(throws: ConnectionError.interrupted(.superseded)) {
      try await store.store(bets, by: older)
    }
    await #expect(throws: ConnectionError.interrupted(.superseded)) {
      try await store.finish(total: 0, by: older)
    }
    try await store.store(bets, by: newer)
    #expect(try store.bets() == bets)
  }

  @Test func `an older connection with a late HELLO does not take over`() async throws {
    defer { store.close() }
    let isLost = Promise<Void>()
    let older = Claim(agency: 1, order: 1) { isLost.fulfill(()) }
    let newer = Claim(agency: 1, order: 2) { Issue.record("no claim took over from this one") }
    _ = await store.take(newer)
    #expect(await store.take(older) == nil)
    #expect(isLost.value != nil)
    store.release(older)
    try await store.store(try sampleBets(0..<1), by: newer)
  }

  @Test func `releasing a lost claim does not release the newer one`() async throws {
    defer { store.close() }
    let (older, newer) = (Claim(agency: 1) {}, Claim(agency: 1) {})
    _ = await store.take(older)
    _ = await store.take(newer)
    store.release(older)
    try await store.store(try sampleBets(0..<1), by: newer)
    store.release(newer)
    await #expect(throws: ConnectionError.interrupted(.superseded)) {
      try await store.store(try sampleBets(1..<2), by: newer)
    }
  }

  @Test func `claims of other agencies do not meet`() async throws {
    defer { store.close() }
    let one = Claim(agency: 1) { Issue.record("no claim took over from this one") }
    _ = await store.take(one)
    _ = await store.take(Claim(agency: 2) {})
    try await store.store(try sampleBets(0..<1), by: one)
  }

  @Test func `an agency that leaves nothing is not remembered`() async throws {
    defer { store.close() }
    let (first, second) = (Claim(agency: 1) {}, Claim(agency: 1) {})
    _ = await store.take(first)
    _ = await store.take(second)
    store.release(first)
    #expect(store.agencyStatuses.map(\.number) == [1])
    store.release(second)
    #expect(store.agencyStatuses.isEmpty)
    await #expect(throws: ConnectionError.interrupted(.superseded)) {
      try await store.finish(total: 0, by: second)
    }
    #expect(store.agencyStatuses.isEmpty)
  }

  @Test func `an agency that has bets or has finished is`() async throws {
    defer { store.close() }
    let (one, two) = (Claim(agency: 1) {}, Claim(agency: 2) {})
    _ = await store.take(one)
    _ = await store.take(two)
    try await store.store(try sampleBets(0..<1), by: one)
    #expect(try await store.finish(total: 0, by: two) == .stored)
    store.release(one)
    store.release(two)
    #expect(
      store.agencyStatuses == [
        .init(number: 1, stored: 1, hasFinished: false, isConnected: false),
        .init(number: 2, stored: 0, hasFinished: true, isConnected: false),
      ])
  }

  @Test func `a second store in the same directory is refused until the first closes`() throws {
    #expect(throws: StorageError.inUse(path: directory.path)) {
      try BetStore(directory: directory.path)
    }
    store.close()
    try BetStore(directory: directory.path).close()
  }

  @Test func `a directory that is missing is made`() throws {
    store.close()
    let path = directory.path + "/new"
    try BetStore(directory: path).close()
    #expect(try directory.read("new/bets.csv").isEmpty)
  }

  @Test func `a path that is no directory is named`() throws {
    store.close()
    let error = #expect(throws: StorageError.self) {
      try BetStore(directory: directory.file("bets.csv"))
    }
    #expect(
      error?.description == "\(directory.file("bets.csv")): cannot be read: open: Not a directory")
  }
}
