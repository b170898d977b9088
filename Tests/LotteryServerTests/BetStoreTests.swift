import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// What the store keeps, while many agencies store at the same time, and whom it remembers.
/// Which connection may store is played by the simulation.
@Suite struct BetStoreTests {
  let directory = TemporaryDirectory()
  let store: BetStore

  init() throws {
    store = try BetStore(directory)
  }

  @Test func `connections that take over from each other store every batch once, unbroken`()
    async throws
  {
    defer { store.close() }
    let (agencies, total, size) = (25 as UInt32, 140, 7)
    try await withThrowingTaskGroup { [store] group in
      for agency in 1...agencies {
        for _ in 0..<3 {
          group.addTask {
            try await Self.storeInTurns(total, by: size, of: agency, in: store)
          }
        }
      }
      try await group.waitForAll()
    }
    let bets = try store.allBets()
    try #require(rows(bets).count > 2 * CSVFile.chunkSize)
    for start in stride(from: 0, to: bets.count, by: size) {
      #expect(Set(bets[start..<(start + size)].map(\.agency)).count == 1)
    }
    let stored = Dictionary(grouping: bets, by: \.agency)
    for agency in 1...agencies {
      #expect(stored[agency]?.map(\.bet) == (try sampleBets(0..<total, of: agency)))
    }
  }

  /// An agency that reconnects whenever it has lost its claim, and continues where WELCOME says.
  private static func storeInTurns(
    _ total: Int, by size: Int, of agency: UInt32, in store: BetStore
  ) async throws {
    while true {
      let claim = Claim(agency: agency) {}
      guard let stored = await store.take(claim)?.stored else { return }
      do {
        for next in stride(from: Int(stored), to: total, by: size) {
          try await store.store(try sampleBets(next..<(next + size), of: agency), by: claim)
        }
        return
      } catch ConnectionError.interrupted(.superseded) {
        continue
      }
    }
  }

  @Test func `a newer connection keeps the claim, whatever the older one does`() async throws {
    defer { store.close() }
    try await confirmation("the older one is told once that it has lost the claim") { lost in
      let (older, newer) = (Claim(agency: 1) { lost() }, Claim(agency: 1) {})
      #expect(await store.take(older)?.stored == 0)
      #expect(await store.take(newer)?.stored == 0)
      store.release(older)
      try await store.store([sampleBet()], by: newer)
    }
    let late = Claim(agency: 1, order: 0) {}
    #expect(await store.take(late) == nil)
    #expect(store.agencyStatuses.map(\.isConnected) == [true])
  }

  @Test func `bets that the disk refuses are not counted`() async throws {
    store.close()
    let disk = FaultyDisk(failing: [2])
    let store = try BetStore(directory: Path(directory.path), disk: disk)
    defer { store.close() }
    let claim = Claim(agency: 1) {}
    _ = await store.take(claim)
    await #expect(throws: StorageError.self) { try await store.store([sampleBet()], by: claim) }
    await store.expectStanding(of: 1, stored: 0)
  }

  @Test func `an agency that has neither bets nor finished is forgotten when it leaves`()
    async throws
  {
    defer { store.close() }
    let claims = (1...3 as ClosedRange<UInt32>).map { Claim(agency: $0) {} }
    for claim in claims { _ = await store.take(claim) }
    try await store.store([sampleBet()], by: claims[0])
    try await store.finish(total: 0, by: claims[1])
    #expect(store.agencyStatuses.map(\.isConnected) == [true, true, true])
    for claim in claims { store.release(claim) }
    #expect(
      store.agencyStatuses == [
        .init(number: 1, stored: 1, hasFinished: false, isConnected: false),
        .init(number: 2, stored: 0, hasFinished: true, isConnected: false),
      ])
    #expect(store.finishedAgencies == [2])
    await store.expectStanding(of: 1, stored: 1, last: try sampleBet())
  }
}

/// `bets.csv` against what the course's own `store_bets` makes of the same bets.
@Suite struct StoreBetsOracleTests {
  @Test func `the file holds the bytes that Python writes, and they are loaded`() throws {
    let exchanges = try Exchange<[[String]], String>.all("store-bets")
    for exchange in exchanges {
      let stored = rows(try exchange.document.map(Self.bet))
      #expect(stored == Array(exchange.python.utf8), "\(exchange.document)")
    }
    let directory = TemporaryDirectory()
    try directory.write(exchanges.map(\.python).joined().utf8, to: "bets.csv")
    let store = try BetStore(directory)
    defer { store.close() }
    #expect(try store.allBets() == exchanges.flatMap(\.document).map(Self.bet))
  }

  private static func bet(_ fields: [String]) throws -> StoredBet {
    StoredBet(
      agency: try #require(UInt32(fields[0])),
      bet: try Bet(
        firstName: fields[1], lastName: fields[2], document: fields[3], birthdate: fields[4],
        number: fields[5]))
  }
}
