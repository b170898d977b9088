import Foundation
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

@Suite(.timeLimit(.minutes(10))) struct DrawTests {
  let directory: TemporaryDirectory
  let store: BetStore
  let draw: Draw

  init() throws {
    directory = TemporaryDirectory()
    store = try BetStore(directory: directory.path)
    draw = Draw(agencies: 2, bets: store.bets, log: .discarding) {
      Issue.record("no draw: \($0)")
    }
  }

  /// The documents of the winners of `agency`, once the draw is held.
  private func winners(of agency: UInt32, in draw: Draw? = nil) async throws -> [String] {
    let draw = draw ?? self.draw
    var reader = try #require(await draw.winners(of: agency))
    let messages = try serverMessages(in: try await draw.nextFrames(of: &reader))
    #expect(reader.isAtEnd)
    guard case .winners(more: false, let documents) = messages.first else { return [] }
    return documents
  }

  @Test(arguments: [(7573, false), (7574, true), (7575, false), (0, false), (UInt32.max, false)])
  func `one number wins`(number: UInt32, wins: Bool) throws {
    #expect(hasWon(try sampleBet(number: number)) == wins)
  }

  @Test func `each agency gets its own winners, in the order of their bets`() async throws {
    defer { store.close() }
    let bets: [StoredBet] = try [
      (2, 9, 7574), (1, 5, 7574), (1, 4, 1), (2, 3, 7574), (1, 2, 7574), (1, 5, 7574),
    ].map { StoredBet(agency: $0, bet: try sampleBet($1, of: $0, number: $2)) }
    try await store.storeBets(bets)
    draw.agencyFinished(1)
    draw.agencyFinished(2)
    #expect(try await winners(of: 1) == ["30000005", "30000002", "30000005"])
    #expect(try await winners(of: 2) == ["30000009", "30000003"])
  }

  @Test func `an agency without winners gets none`() async throws {
    defer { store.close() }
    try await store.storeBets([try sampleBet(number: 7574)])
    try await store.storeBets([try sampleBet(of: 2, number: 1)], of: 2)
    draw.agencyFinished(1)
    draw.agencyFinished(2)
    #expect(try await winners(of: 2) == [])
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

  @Test func `a draw that the end of the server stops has no outcome`() async throws {
    defer { store.close() }
    try await store.storeBets([try sampleBet(number: 7574)])
    await draw.end()
    draw.agencyFinished(1)
    draw.agencyFinished(2)
    // Returns once the worker has nothing left to do.
    await draw.end()
    #expect(!draw.isHeld)
  }

  /// A draw of agency 1, which keeps no winners in memory.
  private func drawWithoutRoom(
    onFailure: @escaping @Sendable (StorageError) -> Void = { Issue.record("no draw: \($0)") }
  ) -> Draw {
    let draw = Draw(
      agencies: 1, bets: store.bets, sizeLimit: 0, log: .discarding, onFailure: onFailure)
    draw.agencyFinished(1)
    return draw
  }

  @Test func `an agency whose winners found room does not wait for the disk`() async throws {
    defer { store.close() }
    try await store.storeBets([try sampleBet(number: 7574)])
    draw.agencyFinished(1)
    draw.agencyFinished(2)
    #expect(try #require(await draw.winners(of: 1)).needsFile == false)
    #expect(try #require(await draw.winners(of: 2)).needsFile == false)
    #expect(try #require(await drawWithoutRoom().winners(of: 1)).needsFile)
  }

  @Test func `a cancelled task reads no more winners`() async throws {
    defer { store.close() }
    try await store.storeBets([try sampleBet(number: 7574)])
    let draw = drawWithoutRoom()
    let reader = try #require(await draw.winners(of: 1))
    let reading = Task {
      var reader = reader
      withUnsafeCurrentTask { $0?.cancel() }
      return (try await draw.nextFrames(of: &reader), reader.isAtEnd)
    }
    #expect(try await reading.value == ([], false))
  }

  @Test func `with a delay the draw is held at once, the winners come later`() async throws {
    defer { store.close() }
    let draw = Draw(
      agencies: 1, bets: store.bets, log: .discarding, winnersDelay: .seconds(3600)
    ) { Issue.record("no draw: \($0)") }
    draw.agencyFinished(1)
    while !draw.isHeld { await Task.yield() }
    // A waiter whose task is cancelled gets nil unless there is an answer already.
    let early = Task { await draw.winners(of: 1) != nil }
    early.cancel()
    #expect(await early.value == false)
  }

  @Test func `winners are not announced before their delay has passed`() async throws {
    defer { store.close() }
    let delay = Duration.milliseconds(20)
    let draw = Draw(agencies: 1, bets: store.bets, log: .discarding, winnersDelay: delay) {
      Issue.record("no draw: \($0)")
    }
    let start = ContinuousClock.now
    draw.agencyFinished(1)
    #expect(try await winners(of: 1, in: draw) == [])
    #expect(start.duration(to: .now) >= delay)
  }

  @Test func `bets that cannot be read are reported, and nothing is drawn`() async throws {
    defer { store.close() }
    let failure = Promise<StorageError>()
    try await store.storeBets([try sampleBet(number: 7574)])
    let draw = Draw(agencies: 1, bets: store.bets, log: .discarding) { failure.fulfill($0) }
    let path = directory.file("bets.csv")
    await FailingCalls.with(.pread, on: path) {
      draw.agencyFinished(1)
      #expect(
        await failure.wait() == .unreadable(path: path, SystemError("pread", code: EIO)))
    }
    #expect(!draw.isHeld)
  }

  @Test func `winners that cannot be read are reported`() async throws {
    defer { store.close() }
    let failure = Promise<StorageError>()
    try await store.storeBets([try sampleBet(number: 7574)])
    let draw = drawWithoutRoom { failure.fulfill($0) }
    var reader = try #require(await draw.winners(of: 1))
    let path = directory.file("bets.csv")
    try #require(truncate(path, 0) == 0)
    await #expect(throws: StorageError.changed(path: path, position: 0)) {
      try await draw.nextFrames(of: &reader)
    }
    #expect(failure.value == .changed(path: path, position: 0))
  }
}
