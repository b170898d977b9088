import Glibc
import LotteryProtocol
import ProcessSupport
import TestSupport
import Testing

@testable import LotteryServer

/// When the draw is held, and how it ends. The simulation holds it at every moment.
@Suite(.timeLimit(.minutes(10))) struct DrawTests {
  let directory: TemporaryDirectory
  let store: BetStore

  init() throws {
    directory = try TemporaryDirectory(bets: rows([try sampleBet(5, number: 7574)]))
    store = try BetStore(directory)
  }

  /// A draw of agency 1.
  private func draw(
    sizeLimit: Int = Winners.sizeLimit, delay: Duration = .zero,
    onFailure: @escaping @Sendable (StorageError) -> Void = { Issue.record("no draw: \($0)") }
  ) -> Draw {
    Draw(
      agencies: 1, bets: store.bets, sizeLimit: sizeLimit, log: .discarding, winnersDelay: delay,
      onFailure: onFailure)
  }

  @Test func `a draw that the end of the server stops has no outcome`() async throws {
    defer { store.close() }
    let draw = draw()
    await draw.end()
    draw.agencyFinished(1)
    // Returns once the worker has nothing left to do.
    await draw.end()
    #expect(!draw.isHeld)
  }

  @Test func `a cancelled task reads no more winners`() async throws {
    defer { store.close() }
    let draw = draw(sizeLimit: 0)
    draw.agencyFinished(1)
    let reader = try #require(await draw.winners(of: 1))
    let reading = Task {
      var reader = reader
      withUnsafeCurrentTask { $0?.cancel() }
      return (try await draw.nextFrames(of: &reader), reader.isAtEnd)
    }
    #expect(try await reading.value == ([], false))
  }

  @Test func `with a delay the draw is held at once, and its winners come later`() async throws {
    defer { store.close() }
    let (late, soon) = (draw(delay: .seconds(3600)), draw(delay: .milliseconds(20)))
    let start = ContinuousClock.now
    for draw in [late, soon] { draw.agencyFinished(1) }
    var reader = try #require(await soon.winners(of: 1))
    #expect(start.duration(to: .now) >= .milliseconds(20))
    let winners = try serverMessages(in: try await soon.nextFrames(of: &reader))
    #expect(winners == [.winners(more: false, documents: ["30000005"])])
    while !late.isHeld { await Task.yield() }
    // A waiter whose task is cancelled gets nil unless there is an answer already.
    let early = Task { await late.winners(of: 1) != nil }
    early.cancel()
    #expect(await early.value == false)
  }

  @Test func `bets that cannot be read are reported, and nothing is drawn`() async throws {
    defer { store.close() }
    let failure = Promise<StorageError>()
    let draw = draw { failure.fulfill($0) }
    truncate(directory.file("bets.csv"), 3)
    draw.agencyFinished(1)
    let changed = StorageError.changed(path: directory.file("bets.csv"), position: 3)
    #expect(await failure.wait() == changed)
    #expect(!draw.isHeld)
  }
}
