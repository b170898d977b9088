import LotteryProtocol
import TestSupport
import Testing

@testable import LotteryServer

/// Many agencies that store at the same time.
@Suite struct GroupCommitTests {
  @Test func `each agency's bets keep their order`() async throws {
    let directory = TemporaryDirectory()
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    let (agencies, batches, size): (UInt32, Int, Int) = (30, 20, 7)
    try await withThrowingTaskGroup { group in
      for agency in 1...agencies {
        group.addTask {
          let claim = Claim(agency: agency) {}
          _ = await store.take(claim)
          for batch in 0..<batches {
            try await store.store(
              try sampleBets((batch * size)..<((batch + 1) * size), of: agency), by: claim)
          }
        }
      }
      try await group.waitForAll()
    }
    let stored = Dictionary(grouping: try store.allBets(), by: \.agency)
    #expect(stored.count == Int(agencies))
    for agency in 1...agencies {
      #expect(stored[agency]?.map(\.bet) == (try sampleBets(0..<(batches * size), of: agency)))
    }
  }

  @Test func `batches lie in the file unbroken`() async throws {
    let directory = TemporaryDirectory()
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    let (agencies, size): (UInt32, Int) = (50, 9)
    try await withThrowingTaskGroup { group in
      for agency in 1...agencies {
        group.addTask {
          try await store.storeBets(try sampleBets(0..<size, of: agency), of: agency)
        }
      }
      try await group.waitForAll()
    }
    let bets = try store.allBets()
    #expect(bets.count == Int(agencies) * size)
    for start in stride(from: 0, to: bets.count, by: size) {
      let agency = bets[start].agency
      #expect(Array(bets[start..<(start + size)]) == (try storedBets(agency, 0..<size)))
    }
  }

  @Test func `connections that take over from each other store every bet once`() async throws {
    let directory = TemporaryDirectory()
    let store = try BetStore(directory: directory.path)
    defer { store.close() }
    let total: UInt64 = 300
    try await withThrowingTaskGroup { group in
      for _ in 0..<8 {
        group.addTask { try await Self.storeInTurns(upTo: total, in: store) }
      }
      try await group.waitForAll()
    }
    #expect(try store.bets() == sampleBets(0..<Int(total)))
  }

  /// An agency that reconnects whenever it has lost its claim, and continues where WELCOME says.
  private static func storeInTurns(upTo total: UInt64, in store: BetStore) async throws {
    while true {
      let claim = Claim(agency: 1) {}
      guard var next = await store.take(claim)?.stored else { return }
      do {
        while next < total {
          try await store.store([try sampleBet(Int(next))], by: claim)
          next += 1
        }
        return
      } catch ConnectionError.interrupted(.superseded) {
        continue
      }
    }
  }
}
